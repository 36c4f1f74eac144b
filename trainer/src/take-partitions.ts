// Takes a generation's partitions over: fences the generations before it on every shard, and finds out where to go on.
import { WeirError } from '@weir/proto';
import { SampleRecord } from '@weir/proto/v1/records';
import type { Sources } from '@weir/sdk';
import type { GroupOffset, PartitionEnd, StreamsClient } from '@weir/streams/client';
import { planRestart, type Segment } from './core/restart-plan.ts';
import type { OperatorState } from './operator-state.ts';
import { type OnRetry, persist } from './retry.ts';
import type { StartPosition } from './sample-intake.ts';
import { SAMPLES_STREAM } from './samples-stream.ts';

export interface TakeOptions {
  readonly streams: StreamsClient;
  readonly sources: Sources;
  readonly generation: number;
  /** The partitions to take. */
  readonly own: readonly number[];
  readonly state: OperatorState;
  readonly onRetry: OnRetry;
  readonly signal: AbortSignal;
}

export interface TakenPartitions {
  /** To be trained again before anything else. */
  readonly catchUp: readonly Segment[];
  /** Where ordinary windows begin after it. */
  readonly start: readonly StartPosition[];
  /** By partition, of its log. */
  readonly incarnations: ReadonlyMap<number, string>;
}

/**
 * @throws WeirError FENCED when the generation is over; SOURCE_LOST when shards and stream do not belong together any more;
 * CANCELLED.
 */
export async function takePartitions(options: TakeOptions): Promise<TakenPartitions> {
  const { streams, sources, generation, own, state, onRetry, signal } = options;
  const patiently = <T>(what: string, call: () => Promise<T>) => persist(what, call, onRetry, signal);
  const [ends, committed] = await Promise.all([
    patiently('look-up', () => streams.endOffsets(SAMPLES_STREAM, { signal })),
    patiently('look-up', () => streams.groupOffsets(sources.group, SAMPLES_STREAM, { signal })),
  ]);
  const commits = new Map(committed.map((commit) => [commit.partition, commit]));
  const starts = own.map((partition) => {
    const { incarnation, startOffset } = ends[partition]!;
    return { partition, incarnation, start: commits.get(partition)?.offset ?? startOffset };
  });
  const acquired = await patiently('acquire', () => sources.acquire(generation, starts, { signal }));
  state.acquired(
    acquired.map(({ partition, offsets }) => ({
      partition,
      incarnation: ends[partition]!.incarnation,
      applied: Math.min(...offsets.map(({ applied }) => applied)),
    })),
  );
  const held = acquired.map(({ partition, start, offsets }) => {
    for (const { shard, applied } of offsets) requireRecords(ends[partition]!, shard, applied);
    const covered = state.coveredOffset(partition);
    if (covered !== undefined) requireRecords(ends[partition]!, 'the operator state', covered);
    return { partition, start, applied: offsets.map(({ applied }) => applied), covered };
  });
  const { catchUp, agreed } = planRestart(held);
  const start = await Promise.all(
    starts.map(async ({ partition, incarnation }) => {
      const offset = agreed.get(partition)!;
      const end = ends[partition]!;
      const time = () => timeBelow(streams, end, offset, commits.get(partition), signal);
      return { partition, incarnation, offset, timeMs: await patiently('look-up', time) };
    }),
  );
  return { catchUp, start, incarnations: new Map(ends.map((end) => [end.partition, end.incarnation])) };
}

function requireRecords(end: PartitionEnd, holder: string, applied: number): void {
  const { partition, startOffset, endOffset } = end;
  if (applied >= startOffset && applied <= endOffset) return;
  throw new WeirError(
    'SOURCE_LOST',
    `samples, partition ${partition}: ${holder} has applied up to offset ${applied}, and the stream has ` +
      `[${startOffset}, ${endOffset})`,
  );
}

/** Event time below which nothing follows from an offset on: as committed, or of the record before, whichever is known. */
async function timeBelow(
  streams: StreamsClient,
  { partition, startOffset, incarnation }: PartitionEnd,
  offset: number,
  committed: GroupOffset | undefined,
  signal: AbortSignal,
): Promise<number> {
  const committedMs = committed !== undefined && committed.offset <= offset ? committed.timeMs : 0;
  if (committed?.offset === offset || offset <= startOffset) return committedMs;
  const before = { offset: offset - 1, incarnation, signal };
  for await (const { records } of streams.read(SAMPLES_STREAM, partition, before)) {
    const { progressTimeMs, value } = records[0]!;
    return Math.max(committedMs, progressTimeMs ?? knownTimeMs(value));
  }
  return committedMs;
}

/** 0: it is no sample. */
function knownTimeMs(value: Uint8Array): number {
  try {
    return SampleRecord.decode(value).knownTimeMs;
  } catch {
    return 0;
  }
}
