// Where a learner takes its windows from: the ordinary intake, or what has to be trained again after a restart.
import type { OffsetRange } from './core/source-cursor.ts';
import type { Window } from './core/window.ts';
import { EventGate } from './event-gate.ts';

export interface ReadyWindow {
  readonly window: Window;
  /** What it covers of its source, at most one range per partition; never empty. */
  readonly ranges: readonly OffsetRange[];
  /** Some shard may have had it before: what is predicted for it says nothing. */
  readonly again: boolean;
  /** To be called when every shard has it. */
  readonly acknowledged: () => void;
}

export interface WindowSource {
  /** Whether nothing follows. */
  readonly ended: boolean;
  /** Whether the next window has to be waited for. */
  readonly empty: boolean;
  /** The next window; undefined when the source has ended, or the wait was cut short. */
  take(): Promise<ReadyWindow | undefined>;
  /** Cuts a wait short. */
  wake(): void;
}

/** Of a member without partitions: nothing, until the signal is aborted. */
export class NoWindows implements WindowSource {
  readonly empty = true;
  readonly #signal: AbortSignal;
  readonly #woken = new EventGate();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#woken.notify());
  }

  get ended(): boolean {
    return this.#signal.aborted;
  }

  async take(): Promise<undefined> {
    if (!this.ended) await this.#woken.wait();
  }

  wake(): void {
    this.#woken.notify();
  }
}
