// The guard of HTTP routes: the same rules as for gRPC, with the token in the header `authorization`.
import type { IncomingMessage } from 'node:http';
import { TRACE_PARENT, traceParentOf, WeirError } from '@weir/proto';
import { peerIdentity } from '../tls/peer-identity.ts';
import type { Access } from './access.ts';
import { CheckedCall } from './call-access.ts';
import { callerOf } from './caller.ts';
import { noRule, type Rule } from './rules.ts';

/** Audits an action of an administrator; `outcome` is `OK` or an error code. */
export type Outcome = (outcome: string) => void;

/**
 * Whether the caller may. What it is about must be known from the route: its body is not read yet.
 * @returns to be told what came of it.
 * @throws WeirError UNAUTHENTICATED, PERMISSION_DENIED.
 */
export function guardRequest(
  access: Access,
  request: IncomingMessage,
  action: string,
  rule: Rule | undefined,
): Outcome {
  if (!access.isOn && rule?.isAudited !== true) return () => {};
  if (rule === undefined) throw noRule(action);
  const { socket, headers } = request;
  const peer = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
  const caller = callerOf(headers.authorization, peerIdentity(socket));
  const traceId = traceParentOf(String(headers[TRACE_PARENT]))?.traceId;
  let checked: CheckedCall | undefined;
  const on = rule.needs.flatMap(({ of }) => of(undefined as never));
  const audit: Outcome = (outcome) => {
    if (rule.isAudited) access.audit.write({ who: checked?.who, peer, action, on, outcome, traceId });
  };
  try {
    checked = new CheckedCall(access, caller, action, rule, () => undefined);
    const error = checked.refusal(undefined);
    if (error !== undefined) throw error;
  } catch (error) {
    const { code, message } = WeirError.from(error);
    access.log.debug({ code, peer, reason: message }, 'a call is refused');
    audit(code);
    throw error;
  }
  return audit;
}
