// When to try again, as pure functions. They know nothing of clocks: the one deadline of a call is its
// CallScope's business.
import type { WeirError } from '@weir/proto';
import { RETRY_DELAY_MS_MAX, RETRY_DELAY_MS_MIN } from './limits.ts';

/** `wait`: the same again, later. `reroute`: fetch the routing table, then split anew. `fail`: tell the caller. */
export type Decision = 'wait' | 'reroute' | 'fail';

/**
 * What to do about a failed try. Errors that carry a shard's own detail are taken at their word; a bare
 * transport failure (a reset stream, a proxy's answer) says nothing about the request and is tried again.
 */
export function decide(error: WeirError): Decision {
  switch (error.code) {
    case 'NOT_OWNER':
      return 'reroute';
    case 'UNAVAILABLE':
    case 'OVERLOADED':
    case 'STORAGE_FAILED':
      return 'wait';
    case 'INTERNAL':
    case 'CANCELLED':
    case 'DEADLINE_EXCEEDED':
      return error.cause === undefined ? 'fail' : 'wait';
    default:
      return 'fail';
  }
}

/** Whether a stream was refused before its shard looked at any message of it. */
export function atTheDoor({ code }: WeirError): boolean {
  return code === 'UNAUTHENTICATED' || code === 'PERMISSION_DENIED' || code === 'UNIMPLEMENTED';
}

/**
 * Wait before try `attempt` + 1, in ms: doubles from RETRY_DELAY_MS_MIN to RETRY_DELAY_MS_MAX, less up to half
 * by chance so that clients do not return together; never less than the server's hint.
 * @param attempt tries made so far, from 1.
 * @param random in [0, 1).
 */
export function delay(attempt: number, hintMs: number | undefined, random: number): number {
  const ceiling = Math.min(RETRY_DELAY_MS_MAX, RETRY_DELAY_MS_MIN * 2 ** Math.min(attempt - 1, 30));
  return Math.max(hintMs ?? 0, ceiling * (1 - random / 2));
}
