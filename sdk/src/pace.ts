// How fast a member goes: at most so many windows ahead of the slowest.
import { WeirError } from '@weir/proto';
import type { CallOptions } from './call-scope.ts';
import type { PaceClock } from './pace-clock.ts';
import { Waiters } from './waiters.ts';

/**
 * Keeps the members of a group together between barriers. A window is the unit of work that a member begins and ends, as a
 * rule when it is acknowledged. A member without a window to begin holds nobody back once it rests, and goes on where the
 * slowest is; one that is dead holds the others back until its lease expires. Members that never call this are not waited for.
 */
export class Pace {
  readonly #clock: PaceClock;
  readonly #changed: () => void;
  readonly #ended: () => WeirError | undefined;
  readonly #waiters = new Waiters();

  /** Use `Group.pace`. @param changed there may be something to tell. @param ended why nothing can be begun any more. */
  constructor(clock: PaceClock, changed: () => void, ended: () => WeirError | undefined) {
    this.#clock = clock;
    this.#changed = changed;
    this.#ended = ended;
  }

  /** The smallest clock heard of, in windows ended: of members that do not rest, this one included. */
  get slowest(): number {
    return this.#clock.slowest;
  }

  /**
   * Waits until a window may begin: until this member has begun at most so many beyond what the slowest has ended. 0: it has
   * one at a time, and none before all others have ended as many.
   * @returns how many it was ahead when it began.
   * @throws WeirError CANCELLED by the signal or the end of the client, FENCED when the place is lost.
   */
  async begin(aheadMax: number, { signal }: Pick<CallOptions, 'signal'> = {}): Promise<number> {
    for (;;) {
      const lost = this.#ended();
      if (lost !== undefined) throw lost;
      if (signal?.aborted === true) {
        throw new WeirError('CANCELLED', 'begin a window: the signal was aborted', { cause: signal.reason });
      }
      this.#clock.want(aheadMax);
      if (this.#clock.mayBegin) break;
      this.#changed();
      await this.#waiters.next(signal);
    }
    const { ahead } = this.#clock;
    this.#clock.begin();
    return ahead;
  }

  /** A window that was begun is done. */
  end(): void {
    this.#clock.end();
    this.#changed();
  }

  /** There is nothing to begin. */
  rest(): void {
    this.#clock.rest();
    this.#changed();
  }

  /** Something was heard, or the membership is over. */
  wake(): void {
    this.#waiters.wakeAll();
  }
}
