// One source of three partitions is counted into a table while shards are killed and clients crash, sleep or lose patience:
// every record of every partition counts exactly once. WEIR_SEED replays the choices; what overlaps in time may differ. More
// rounds of it: `npm run test:fault -- --suite ps`.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, startCluster } from '@weir/ps/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type AcquiredPartition,
  connect,
  OutcomeUnknownError,
  type SourceRange,
  type Table,
  WeirError,
} from './index.ts';
import { randomFrom } from './testing/random.ts';

const SEED = Number(process.env.WEIR_SEED ?? Date.now() % 1_000_000);
const GROUP = 'counters';
const KEYS = 3_000;
/** Each partition's first and last offset. */
const LOGS = [
  [0, 5_000],
  [500, 5_300],
  [17, 4_000],
] as const;
const KEYS_PER_RECORD = 3;
const RECORDS_PER_RANGE_MAX = 120;
const IN_FLIGHT = 4;
const KILLS = 3;
const IMPATIENT_MS = 20;

const random = randomFrom(SEED);
const upTo = (max: number): number => Math.floor(random() * max);

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ shards: 3 });
});
afterAll(() => cluster?.stop());

/** What the records of a range are counted under. */
function keysOf({ partition, from, to }: SourceRange): bigint[] {
  return Array.from(
    { length: (to - from) * KEYS_PER_RECORD },
    (_, i) =>
      BigInt(
        Math.imul(
          (from + Math.floor(i / KEYS_PER_RECORD)) * 31 + partition * 7 + (i % KEYS_PER_RECORD),
          2_654_435_761,
        ) >>> 0,
      ) % BigInt(KEYS),
  );
}

/** One client in one generation, until its partitions are at their ends, or something ends it. */
class Counter {
  readonly generation: number;
  pushes = 0;
  readonly #crash = new AbortController();

  constructor(generation: number) {
    this.generation = generation;
  }

  crash(): void {
    this.#crash.abort();
  }

  /** @returns how it ended: `done`, or the code of an error. */
  async run(): Promise<string> {
    const weir = await connect({ seeds: cluster.seeds, clientId: `counter-${this.generation}` });
    this.#crash.signal.addEventListener('abort', () => void weir.close());
    try {
      const table = await weir.table('count');
      for (;;) {
        const asked = LOGS.map(([start], partition) => ({
          partition,
          incarnation: `log-${partition}`,
          start,
        }));
        const acquired = await weir.sources(GROUP).acquire(this.generation, asked);
        try {
          await this.#count(table, acquired);
          return 'done';
        } catch (error) {
          // An earlier range was given up at some shard: begin again where the shards are.
          if (!(error instanceof WeirError) || error.code !== 'SOURCE_GAP') throw error;
        }
      }
    } catch (error) {
      return WeirError.from(error).code;
    } finally {
      await weir.close();
    }
  }

  async #count(table: Table, acquired: readonly AcquiredPartition[]): Promise<void> {
    const next = new Map<number, number>();
    for (const { partition, offsets } of acquired) {
      const cuts = [...new Set(offsets.map(({ applied }) => applied))].sort((a, b) => a - b);
      for (let i = 1; i < cuts.length; i++) {
        await this.#push(table, [rangeOf(partition, cuts[i - 1]!, cuts[i]!)]);
      }
      next.set(partition, cuts.at(-1)!);
    }
    const counting = async (): Promise<void> => {
      for (;;) {
        const ranges: SourceRange[] = [];
        for (const [partition, from] of next) {
          const to = Math.min(LOGS[partition]![1], from + 1 + upTo(RECORDS_PER_RANGE_MAX));
          if (from === to || random() < 0.3) continue;
          ranges.push(rangeOf(partition, from, to));
          next.set(partition, to);
        }
        if (ranges.length > 0) await this.#push(table, ranges);
        else if ([...next].every(([partition, from]) => from === LOGS[partition]![1])) return;
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: IN_FLIGHT }, counting));
    const failed = ended.find((each) => each.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Until every shard has said that it has it; in any way that the error leaves open. */
  async #push(table: Table, ranges: readonly SourceRange[]): Promise<void> {
    const keys = BigUint64Array.from(ranges.flatMap(keysOf));
    const ones = new Float32Array(keys.length).fill(1);
    const sources = { group: GROUP, generation: this.generation, ranges };
    const fresh = () =>
      table.push(keys, ones, { sources, timeoutMs: random() < 0.2 ? IMPATIENT_MS : undefined });
    let push = fresh;
    for (;;) {
      try {
        await push();
        this.pushes++;
        return;
      } catch (thrown) {
        const error = WeirError.from(thrown);
        if (this.#crash.signal.aborted) throw error;
        if (error instanceof OutcomeUnknownError) push = random() < 0.5 ? () => error.retry() : fresh;
        else if (error.code === 'DEADLINE_EXCEEDED') push = fresh;
        else throw error;
      }
    }
  }
}

function rangeOf(partition: number, from: number, to: number): SourceRange {
  return { partition, incarnation: `log-${partition}`, from, to };
}

it(`counts every record once over kills, crashes, repeats and zombies (WEIR_SEED=${SEED})`, async () => {
  await using weir = await connect({ seeds: cluster.seeds, clientId: 'test' });
  await weir.tables.create({ name: 'count', dim: 1, optimizer: { kind: 'sum' } });

  const running: Promise<string>[] = [];
  let counter = new Counter(1);
  let ending = counter.run();
  running.push(ending);
  const progress = async (): Promise<void> => {
    const pushes = counter.pushes + 5 + upTo(20);
    const still = Symbol();
    while (counter.pushes < pushes) {
      if ((await Promise.race([ending, sleep(2, still)])) !== still) return;
    }
  };
  for (let kill = 0; kill < KILLS; kill++) {
    await progress();
    const shard = upTo(3);
    const killed = cluster.kill(shard).then(() => cluster.restart(shard));
    if (random() < 0.7) {
      await sleep(upTo(30));
      // One that is left alone is a zombie: it goes on until it is fenced.
      if (random() < 0.5) counter.crash();
      counter = new Counter(counter.generation + 1);
      ending = counter.run();
      running.push(ending);
    }
    await killed;
  }
  expect(await ending).toBe('done');
  const others = (await Promise.all(running)).filter((end) => end !== 'done');
  for (const end of others) expect(['FENCED', 'CANCELLED', 'OUTCOME_UNKNOWN']).toContain(end);

  const expected = new Float32Array(KEYS);
  LOGS.forEach(([from, to], partition) => {
    for (const key of keysOf(rangeOf(partition, from, to))) expected[Number(key)]!++;
  });
  const all = BigUint64Array.from({ length: KEYS }, (_, i) => BigInt(i));
  expect(await (await weir.table('count')).pull(all)).toEqual(expected);
  for (const { partitions } of await weir.sources(GROUP).describe()) {
    expect(partitions.map(({ start, applied }) => [start, applied])).toEqual(LOGS);
  }
});
