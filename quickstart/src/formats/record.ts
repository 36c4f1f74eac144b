// What every format yields: records in order of time.

/** One rank request, with what was shown where the data set knows it. */
export interface RequestRecord {
  readonly kind: 'request';
  /** Event time, Unix ms; never below that of the record before. */
  readonly timeMs: number;
  readonly servingId: string;
  readonly user: string;
  readonly scene: string;
  /** Distinct; in the order shown. */
  readonly docIds: readonly string[];
  /** An encoded FeatureBlock, its rows in the order of `docIds`. */
  readonly features: Uint8Array;
}

/** One thing a user did. */
export interface EventRecord {
  readonly kind: 'event';
  /** Event time, Unix ms. */
  readonly timeMs: number;
  readonly eventId: string;
  readonly type: string;
  /** Empty when the data set does not know it. */
  readonly servingId: string;
  readonly user: string;
  readonly docId: string;
  readonly value: number;
}

export type ReplayRecord = RequestRecord | EventRecord;

/** Hears of every line that is left out; may throw to stop the reading (`--strict`). */
export type OnBadLine = (line: number, reason: string) => void;

/** A line that cannot be used, and why; whoever reads the file reports it under its number. */
export class BadLine extends Error {
  override readonly name = 'BadLine';
}
