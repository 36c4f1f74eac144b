// One shard, a source of several partitions, and processes that count its records; what must be there, in every round again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { connect, type Weir } from '@weir/sdk';
import type { Durability } from '../../../ps/src/server/log/log-sink.ts';
import type { FaultPlan } from '../../../ps/src/testing/fault-plan.ts';
import { mulberry32 } from '../../e2e/traffic.ts';
import type { Verdict } from './ledger.ts';
import { ShardUnderTest } from './shard-under-test.ts';
import {
  COUNTS,
  GROUP,
  PARTITIONS,
  rangeOf,
  recordKeys,
  START,
  type TrainerOptions,
} from './source-terms.ts';

const SCRIPT = fileURLToPath(new URL('./source-trainer.ts', import.meta.url));

export interface Trainer {
  readonly process: ChildProcess;
  readonly partitions: readonly number[];
  /** Resolves when it has its partitions, or has ended. */
  readonly begun: Promise<unknown>;
  /** Its exit code; null when it was killed. */
  readonly exited: Promise<number | null>;
}

export interface SourceWorldOptions {
  readonly dir: string;
  readonly seed: number;
  readonly durability: Durability;
  readonly faults?: FaultPlan;
}

export class SourceWorld {
  readonly shard: ShardUnderTest;
  readonly random: () => number;
  readonly #weir: Weir;
  readonly #trainers = new Set<Trainer>();
  #generation = 0;
  /** Of every partition. */
  #end = START;

  private constructor(shard: ShardUnderTest, weir: Weir, seed: number) {
    this.shard = shard;
    this.#weir = weir;
    this.random = mulberry32(seed);
  }

  static async begin({ dir, seed, durability, faults }: SourceWorldOptions): Promise<SourceWorld> {
    const shard = await ShardUnderTest.prepare({ dir, durability });
    await shard.start(faults);
    const weir = await connect({ seeds: [shard.address], clientId: 'admin' });
    await weir.tables.create(COUNTS);
    return new SourceWorld(shard, weir, seed);
  }

  upTo(max: number): number {
    return Math.floor(this.random() * max);
  }

  /** The source's partitions get so many more records. */
  append(records: number): void {
    this.#end += records;
  }

  /** A generation of its own: processes with all partitions among them. */
  startTrainers(count: number): Trainer[] {
    this.#generation++;
    const owners = PARTITIONS.map((_, i) => (i < count ? i : this.upTo(count)));
    return Array.from({ length: count }, (_, i) =>
      this.#start(PARTITIONS.filter((partition) => owners[partition] === i)),
    );
  }

  #start(partitions: readonly number[]): Trainer {
    const options: TrainerOptions = {
      address: this.shard.address,
      generation: this.#generation,
      partitions,
      end: this.#end,
      seed: this.upTo(2 ** 31),
    };
    const child = spawn(process.execPath, [SCRIPT, JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.on('error', () => {});
    const exited = once(child, 'exit').then(([code]) => code as number | null);
    const begun = Promise.race([once(child.stdout, 'data'), exited]);
    const trainer = { process: child, partitions, begun, exited };
    this.#trainers.add(trainer);
    void exited.then(() => this.#trainers.delete(trainer));
    return trainer;
  }

  /** Against what the shard says that it has applied. Nobody may push any more. */
  async check(): Promise<Verdict> {
    this.#generation++;
    const starts = PARTITIONS.map((partition) => ({ ...rangeOf(partition, 0, 0), start: START }));
    // From here on nothing of an earlier generation counts, whatever is still on its way.
    const acquired = await this.#weir.sources(GROUP).acquire(this.#generation, starts);
    const counts = await this.#weir.table(COUNTS.name);
    const problems: string[] = [];
    let lost = 0;
    let doubled = 0;
    for (const { partition, start, offsets } of acquired) {
      const { applied } = offsets[0]!;
      if (start !== START || applied !== this.#end) {
        problems.push(
          `partition ${partition} began at ${start} and is applied up to ${applied} of ${this.#end}`,
        );
      }
      const times = await counts.pull(
        BigUint64Array.from(recordKeys([{ partition, from: START, to: applied }])),
      );
      lost += times.filter((time) => time === 0).length;
      doubled += times.filter((time) => time > 1).length;
    }
    const all = PARTITIONS.map((partition) => ({ partition, from: START, to: this.#end }));
    const sum = (await counts.pull(BigUint64Array.from(recordKeys(all)))).reduce((a, b) => a + b, 0);
    if (lost + doubled === 0 && sum !== recordKeys(all).length) problems.push(`${sum} records are counted`);
    return { lost, doubled, problems };
  }

  async end(): Promise<void> {
    for (const { process: child } of this.#trainers) child.kill('SIGKILL');
    await Promise.all([...this.#trainers].map(({ exited }) => exited));
    await this.#weir.close();
    await this.shard.kill();
  }
}
