// Long work in slices of at most SLICE_MS, so that pulls and acknowledgements do not wait for it. Between two slices
// the event loop takes what the network has brought. Work that answers somebody now (pushes, barriers) goes on in
// the next turn of the loop; of the other kinds at most one slice each runs in a turn, however many tasks there are:
// one of large pulls, one of the background.
import type { Steps } from '../core/steps.ts';
import { SLICE_BUDGET_MS, SLICE_MS } from '../limits.ts';

export type SliceKind =
  | 'push'
  | 'barrier'
  | 'pull'
  | 'subscriber'
  | 'round'
  | 'expiry'
  | 'recovery'
  | 'last-changes';

/** Of one kind, since the start. */
export interface SliceTimes {
  slices: number;
  /** Slices that took longer than SLICE_MS. */
  long: number;
  longestMs: number;
}

const times = new Map<SliceKind, SliceTimes>();

/** What slices of this process took; the event loop is the process's too. */
export function sliceTimes(): ReadonlyMap<SliceKind, Readonly<SliceTimes>> {
  return times;
}

/** Tasks that take turns, one for each turn of the event loop, first come first served. */
class LoopTurns {
  #waiting: (() => void)[] = [];
  #armed = false;

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#arm();
    });
  }

  #arm(): void {
    if (this.#armed || this.#waiting.length === 0) return;
    this.#armed = true;
    // It runs after the network's events of this turn; armed again in there, it runs in the next one.
    setImmediate(() => {
      this.#armed = false;
      this.#waiting.shift()!();
      this.#arm();
    });
  }
}

const background = new LoopTurns();
const LANES: Readonly<Record<SliceKind, LoopTurns | undefined>> = {
  push: undefined,
  barrier: undefined,
  recovery: undefined,
  pull: new LoopTurns(),
  subscriber: background,
  round: background,
  expiry: background,
  'last-changes': background,
};

export class Slice {
  readonly #kind: SliceKind;
  /** Undefined between two slices. */
  #begun: number | undefined = performance.now();

  /** Begins at once: for work that does not wait for a turn. */
  constructor(kind: SliceKind = 'push') {
    this.#kind = kind;
  }

  /** Begins when it is this kind's turn. */
  static async begin(kind: SliceKind): Promise<Slice> {
    await turnOf(kind);
    return new Slice(kind);
  }

  /** Whether this slice has used up its time. */
  get over(): boolean {
    return this.#begun !== undefined && performance.now() - this.#begun >= SLICE_BUDGET_MS;
  }

  /** Ends the slice, gives way, and begins the next one. */
  async next(): Promise<void> {
    this.end();
    await turnOf(this.#kind);
    this.#begun = performance.now();
  }

  /** Call it before waiting for anything else; `next` does it by itself. */
  end(): void {
    if (this.#begun === undefined) return;
    const ms = performance.now() - this.#begun;
    this.#begun = undefined;
    const sums = times.get(this.#kind);
    if (sums === undefined) {
      times.set(this.#kind, { slices: 1, long: Number(ms > SLICE_MS), longestMs: ms });
      return;
    }
    sums.slices++;
    if (ms > SLICE_MS) sums.long++;
    if (ms > sums.longestMs) sums.longestMs = ms;
  }
}

function turnOf(kind: SliceKind): Promise<void> {
  return LANES[kind]?.next() ?? new Promise((resolve) => setImmediate(resolve));
}

/** Runs the steps, and gives way between two whenever the slice is over. Its end is the caller's. */
export async function runInSlices<T>(steps: Steps<T>, slice: Slice): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (slice.over) await slice.next();
  }
}
