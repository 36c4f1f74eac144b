// What the processes of a round with sources agree on: the source, and which row counts a record.

import type { TableDefinition } from '@weir/proto';
import type { SourceRange } from '@weir/sdk';

export const GROUP = 'counters';
/** Key: a record; value: how often it was counted. */
export const COUNTS: TableDefinition = { name: 'counts', dim: 1, optimizer: { kind: 'sum' } };
export const PARTITIONS = [0, 1, 2, 3, 4] as const;
/** Where the group begins, in every partition. */
export const START = 100;
/** Exit code of a trainer that was told FENCED. */
export const FENCED_EXIT = 10;
/** What an impatient push waits: less than a shard takes to come back. */
export const IMPATIENT_MS = 20;

const OFFSETS_MAX = 1_000_000;
/** One record of so many has no row, as those that only tell progress. */
const ROWLESS_EVERY = 3;

export interface TrainerOptions {
  readonly address: string;
  readonly generation: number;
  readonly partitions: readonly number[];
  readonly end: number;
  readonly seed: number;
}

export function rangeOf(partition: number, from: number, to: number): SourceRange {
  return { partition, incarnation: `log-${partition}`, from, to };
}

/** Of the records that have a row. */
export function recordKeys(ranges: readonly Pick<SourceRange, 'partition' | 'from' | 'to'>[]): bigint[] {
  return ranges.flatMap(({ partition, from, to }) =>
    Array.from({ length: to - from }, (_, i) => from + i)
      .filter((offset) => offset % ROWLESS_EVERY !== 0)
      .map((offset) => BigInt(partition * OFFSETS_MAX + offset)),
  );
}
