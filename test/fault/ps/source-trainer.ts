// A process that counts the records of some partitions of a source: each adds 1 to a row of its own. It ends when all are
// counted (exit code 0) or a successor has taken over (FENCED_EXIT); after any other failure it asks the shard how far
// it is, and goes on from there. Says `acquired` on stdout when it has its partitions.
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, OutcomeUnknownError, type SourceRange, WeirError } from '@weir/sdk';
import { mulberry32 } from '../../e2e/traffic.ts';
import {
  COUNTS,
  FENCED_EXIT,
  GROUP,
  IMPATIENT_MS,
  rangeOf,
  recordKeys,
  START,
  type TrainerOptions,
} from './source-terms.ts';

const IN_FLIGHT = 4;
const RECORDS_PER_RANGE_MAX = 40;

const { address, generation, partitions, end, seed } = JSON.parse(process.argv[2]!) as TrainerOptions;
const random = mulberry32(seed);
const upTo = (max: number): number => Math.floor(random() * max);
// Whoever has started it is gone.
process.stdin.on('end', () => process.exit(1)).resume();

const weir = await connect({ seeds: [address], clientId: `trainer-${generation}` });
const counts = await weir.table(COUNTS.name);
const starts = partitions.map((partition) => {
  const { incarnation } = rangeOf(partition, 0, 0);
  return { partition, incarnation, start: START };
});
for (;;) {
  try {
    const acquired = await weir.sources(GROUP).acquire(generation, starts);
    process.stdout.write('acquired\n');
    await count(new Map(acquired.map(({ partition, offsets: [at] }) => [partition, at!.applied])));
    process.exit(0);
  } catch (error) {
    const { code } = WeirError.from(error);
    if (code === 'FENCED') process.exit(FENCED_EXIT);
    if (code === 'SOURCE_LOST' || code === 'INVALID_ARGUMENT' || code === 'INTERNAL') throw error;
    await sleep(10);
  }
}

/** @param next partition -> offset to go on from. */
async function count(next: Map<number, number>): Promise<void> {
  let failed = false;
  const counting = async (): Promise<void> => {
    while (!failed) {
      const ranges: SourceRange[] = [];
      for (const [partition, from] of next) {
        const to = Math.min(end, from + 1 + upTo(RECORDS_PER_RANGE_MAX));
        if (from >= to || random() < 0.3) continue;
        ranges.push(rangeOf(partition, from, to));
        next.set(partition, to);
      }
      if (ranges.length > 0) await push(ranges);
      else if ([...next.values()].every((from) => from >= end)) return;
    }
  };
  const ended = await Promise.allSettled(
    Array.from({ length: IN_FLIGHT }, () =>
      counting().catch((error: unknown) => {
        failed = true;
        throw error;
      }),
    ),
  );
  const first = ended.find((each) => each.status === 'rejected');
  if (first !== undefined) throw first.reason;
}

/** Some wait for less than a restart takes: what they do not know they ask for again, or give up. */
async function push(ranges: readonly SourceRange[]): Promise<void> {
  const options = {
    sources: { group: GROUP, generation, ranges },
    timeoutMs: random() < 0.2 ? IMPATIENT_MS : undefined,
  };
  const keys = BigUint64Array.from(recordKeys(ranges));
  try {
    if (keys.length === 0) await weir.push([], options);
    else await counts.push(keys, new Float32Array(keys.length).fill(1), options);
  } catch (error) {
    if (!(error instanceof OutcomeUnknownError) || random() < 0.5) throw error;
    await error.retry();
  }
}
