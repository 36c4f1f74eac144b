// When a group's state machine looks at the clock. Renewals that came while this process stood still are handled before a
// lease is said to have expired, and the time in which it stood still is told.
import { setImmediate as giveWay } from 'node:timers/promises';
import { LEASE_STALL_MS } from '../../limits.ts';

export interface TimerEvents {
  /** The process stood still for so long. */
  stalled(byMs: number): void;
  tick(): void;
}

export class GroupTimer {
  readonly #events: TimerEvents;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #ticking = false;
  #stopped = false;

  constructor(events: TimerEvents) {
    this.#events = events;
  }

  /** The next tick is due then, in place of what was due before. */
  set(dueMs: number): void {
    if (this.#stopped || this.#ticking || dueMs === this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.min(Math.max(0, Math.ceil(dueMs - performance.now())), TIMER_MS_MAX);
    this.#timer = setTimeout(() => void this.#fire(), waitMs);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #fire(): Promise<void> {
    this.#ticking = true;
    const lateMs = performance.now() - this.#dueMs;
    if (lateMs > LEASE_STALL_MS) this.#events.stalled(lateMs);
    for (let i = 0; i < INPUT_ROUNDS; i++) await giveWay();
    this.#ticking = false;
    this.#dueMs = Number.POSITIVE_INFINITY;
    if (!this.#stopped) this.#events.tick();
  }
}

/** Turns of the event loop in which what stands in sockets is read, decoded and handled. */
const INPUT_ROUNDS = 4;
/** What a timer of Node can hold. */
const TIMER_MS_MAX = 2 ** 31 - 1;
