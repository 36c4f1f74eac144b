// What a group says when it cannot do what is asked: which group, which step, who, and what to do.
import { type ErrorCode, WeirError, type WeirErrorDetails } from '@weir/proto';
import type { Membership } from './group-events.ts';
import type { Identity } from './group-state.ts';

/** Names in a message; beyond so many their number is enough, the error's field has them all. */
const NAMES_MAX = 16;

export class GroupErrors {
  readonly #group: string;

  constructor(group: string) {
    this.#group = group;
  }

  fenced({ name, incarnation }: Identity): WeirError {
    return this.#error(
      'FENCED',
      `member ${name} (incarnation ${incarnation}) is not in it: it left, its lease expired, or another process took its place; join anew`,
    );
  }

  changed({ generation, members, nextStep }: Membership): WeirError {
    return this.#error(
      'GROUP_CHANGED',
      `generation ${generation} has members ${listed(members)}; contribute to step ${nextStep} in it`,
      { generation, members },
    );
  }

  timeout(step: number, missing: readonly string[]): WeirError {
    return this.#error('BARRIER_TIMEOUT', `step ${step} waits for ${listed(missing)}`, { members: missing });
  }

  notDurable(): WeirError {
    return this.#error('BARRIER_TIMEOUT', 'the outcome is decided, but the disk has not taken it in time');
  }

  expired(step: number, lastStep: number): WeirError {
    return this.#error(
      'STEP_EXPIRED',
      `step ${step} is over, the last one is ${lastStep}; its result is not kept, or was not for this member`,
    );
  }

  tooEarly(step: number, nextStep: number): WeirError {
    return this.#error('INVALID_ARGUMENT', `step ${step} is asked for, the next one is ${nextStep}`);
  }

  full(members: number): WeirError {
    return this.#error('INVALID_ARGUMENT', `it has ${members} members, which is the most it can have`);
  }

  resultTooLarge(step: number, bytes: number, bytesMax: number): WeirError {
    return this.#error(
      'INVALID_ARGUMENT',
      `the result of step ${step} would have ${bytes} bytes, at most ${bytesMax} are taken; contribute less`,
    );
  }

  tooManyCalls({ name }: Identity): WeirError {
    return this.#error('OVERLOADED', `too many calls of member ${name} wait for the same step`);
  }

  #error(code: ErrorCode, what: string, details: WeirErrorDetails = {}): WeirError {
    return new WeirError(code, `group ${this.#group}: ${what}`, details);
  }
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'nobody';
  const rest = names.length - NAMES_MAX;
  return names.slice(0, NAMES_MAX).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
