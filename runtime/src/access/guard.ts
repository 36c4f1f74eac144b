// The guard of a gRPC server: who calls is asked at the door, what its messages name is looked up in `RULES`, and an action of an
// administrator leaves a line in the audit log. A call that runs on is looked at again when the access file changes.
// It stands outside of the tracing interceptor, so that refusals are in traces. Where nobody is refused anything, calls pass untouched.
import {
  Metadata,
  type ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status,
} from '@grpc/grpc-js';
import { TRACE_PARENT, traceParentOf, WeirError } from '@weir/proto';
import { peerIdentityOfCall } from '../tls/peer-identity.ts';
import type { Access } from './access.ts';
import { CheckedCall, type TableName } from './call-access.ts';
import { callerOf } from './caller.ts';
import { noRule, RULES, type Rule } from './rules.ts';

type Call = ServerInterceptingCallInterface;
type Listener = Parameters<Call['start']>[0];
type Answer = Parameters<Call['sendStatus']>[0];

export function guardCalls(access: Access, tableName: TableName = () => undefined): ServerInterceptor {
  return ({ path, requestStream }, call) => {
    const rule = RULES[path];
    const passes = access.isOn ? rule?.by === 'nobody' : rule?.isAudited !== true;
    // That its type is narrower has no meaning to gRPC.
    if (passes) return call as ServerInterceptingCall;
    return new GuardedCall(access, tableName, path, rule, requestStream, call).call as ServerInterceptingCall;
  };
}

class GuardedCall {
  readonly call: Call;
  readonly #access: Access;
  readonly #tableName: TableName;
  /** As in messages: `weir.v1.Groups/Join`. */
  readonly #action: string;
  readonly #rule: Rule | undefined;
  readonly #isStream: boolean;
  #checked: CheckedCall | undefined;
  #metadata: Metadata | undefined;
  #isRefused = false;
  #isTurnedOut = false;
  #on: readonly string[] = [];
  #forget = (): void => {};

  constructor(
    access: Access,
    tableName: TableName,
    path: string,
    rule: Rule | undefined,
    isStream: boolean,
    call: Call,
  ) {
    this.#access = access;
    this.#tableName = tableName;
    this.#action = path.slice(1);
    this.#rule = rule;
    this.#isStream = isStream;
    this.call = call;
    const start = call.start.bind(call);
    const sendStatus = call.sendStatus.bind(call);
    call.start = (listener) => start(this.#between(listener));
    call.sendStatus = (answer) => {
      this.#forget();
      if (rule?.isAudited === true) this.#audit(answer);
      sendStatus(answer);
    };
  }

  #between(next: Listener): Listener {
    return {
      onReceiveMetadata: (metadata) => {
        if (this.#admits(metadata, next)) next.onReceiveMetadata(metadata);
      },
      onReceiveMessage: (message) => {
        if (this.#isRefused) return;
        if (this.#rule?.isAudited === true) this.#on = this.#checked!.named(message);
        const error = this.#rule?.by === 'guard' ? this.#checked!.refusal(message) : undefined;
        if (error === undefined) next.onReceiveMessage(message);
        else this.#refuse(error);
      },
      onReceiveHalfClose: () => {
        if (!this.#isRefused) next.onReceiveHalfClose();
      },
      onCancel: () => {
        this.#forget();
        // A handler that was turned out has heard of it.
        if (!this.#isTurnedOut) next.onCancel();
      },
    };
  }

  #admits(metadata: Metadata, next: Listener): boolean {
    this.#metadata = metadata;
    const rule = this.#rule;
    if (rule === undefined) return this.#refuse(noRule(this.#action));
    const authorization = metadata.get('authorization')[0]?.toString();
    // Nothing behind the guard shall have it.
    metadata.remove('authorization');
    try {
      const caller = callerOf(authorization, peerIdentityOfCall(this.call));
      this.#checked = new CheckedCall(this.#access, caller, this.#action, rule, this.#tableName);
    } catch (error) {
      return this.#refuse(error as WeirError);
    }
    this.#checked.attach(metadata);
    this.#forget = this.#access.onChange(() => this.#lookAgain(next));
    // Says that it was let in: what it brings from now on may be done, also when it is turned out later.
    if (this.#isStream && this.#access.isOn) this.call.sendMetadata(new Metadata());
    return true;
  }

  #lookAgain(next: Listener): void {
    const error = this.#checked?.again();
    if (error === undefined) return;
    this.#refuse(error);
    this.#isTurnedOut = true;
    next.onCancel();
  }

  #refuse(error: WeirError): false {
    this.#isRefused = true;
    const { code, message } = error;
    this.#access.log.debug({ code, peer: this.call.getPeer(), reason: message }, 'a call is refused');
    this.call.sendStatus(error.toStatus());
    return false;
  }

  #audit(answer: Answer): void {
    const caller = traceParentOf(this.#metadata?.get(TRACE_PARENT)[0]?.toString());
    this.#access.audit.write({
      who: this.#checked?.who,
      peer: this.call.getPeer(),
      action: this.#action,
      on: this.#on,
      outcome: WeirError.codeIn(answer.metadata ?? undefined) ?? status[answer.code]!,
      traceId: caller?.traceId,
    });
  }
}
