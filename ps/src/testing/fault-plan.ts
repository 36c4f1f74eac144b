// What goes wrong in a shard under test: given to its process when it starts or on its admin port, so that no shard
// has options for it.

/** The moment at which the process kills itself; operations count from when it was told, 1 is the first. */
export type Crash =
  | { readonly at: StoreStep; readonly when: 'before' | 'after'; readonly count: number }
  /** After so many entries that were read from the folder: recovery reads, little else does. */
  | { readonly at: 'read'; readonly count: number }
  /** So much later: also in the engine's own work. */
  | { readonly at: 'time'; readonly afterMs: number };

/**
 * Writes by what they hold: `push` log records, of which one at least brings rows, `decision` other log records only (a
 * refusal, an expiry, an acquired source), `table` a definition, `pages` a part of a materialisation round, `mark` its
 * end, `rows` rows that leave memory, `state` the folder's own (identity, incarnation). `sync` is the wait for the disk,
 * `flush` what makes the engine begin a log file.
 */
export type StoreStep =
  | 'push'
  | 'decision'
  | 'table'
  | 'pages'
  | 'mark'
  | 'rows'
  | 'state'
  | 'sync'
  | 'flush';

/**
 * Defects that the suites must notice; each is one that a log, or its protocol, is there to prevent. The first: from the
 * first push on every write says that it is done, and waits for ever.
 */
export type Bug =
  | 'acknowledge before the log write'
  | 'apply a duplicate'
  | 'store offsets after the push'
  | 'refer to pages before they are synced';

export interface FaultPlan {
  readonly crash?: Crash | undefined;
  readonly bug?: Bug | undefined;
  /** Added to the wall clock. */
  readonly clockOffsetMs?: number | undefined;
  /** File in which every completed sync is noted: what a power cut leaves. */
  readonly syncJournal?: string | undefined;
}

/** Environment variable with the plan as JSON. */
export const FAULT_PLAN = 'WEIR_TEST_FAULT_PLAN';
