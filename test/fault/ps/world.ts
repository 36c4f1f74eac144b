// One shard, its tables, its clients and the ledger, over as many rounds as one likes: what was checked in a round is
// checked again in every later one.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { connect, type Weir } from '@weir/sdk';
import type { Durability } from '../../../ps/src/server/log/log-sink.ts';
import type { FaultPlan } from '../../../ps/src/testing/fault-plan.ts';
import { mulberry32 } from '../../e2e/traffic.ts';
import { Churn } from './churn.ts';
import { Ledger, type Verdict } from './ledger.ts';
import { type RoundTables, Session } from './session.ts';
import { ShardUnderTest } from './shard-under-test.ts';
import { MARKS, ORDERED, PRUNED, SHARED, TUNED, WIDE } from './tables.ts';
import { Tuner } from './tuner.ts';

export interface WorldOptions {
  readonly dir: string;
  readonly seed: number;
  readonly durability: Durability;
  readonly clients: number;
  readonly faults?: FaultPlan;
  /** Where the shard keeps its data; default: in `dir`. */
  readonly data?: string;
}

export class World {
  readonly shard: ShardUnderTest;
  readonly random: () => number;
  readonly churn: Churn;
  readonly tuner: Tuner;
  sessions: Session[] = [];
  readonly #options: WorldOptions;
  readonly #weir: Weir;
  readonly tables: RoundTables;
  readonly #ledger: Ledger;
  #opened = 0;

  private constructor(
    options: WorldOptions,
    shard: ShardUnderTest,
    weir: Weir,
    churn: Churn,
    tuner: Tuner,
    tables: RoundTables,
  ) {
    this.#options = options;
    this.shard = shard;
    this.random = mulberry32(options.seed);
    this.#weir = weir;
    this.churn = churn;
    this.tuner = tuner;
    this.tables = tables;
    this.#ledger = new Ledger(tables.marks, tables.pruned);
  }

  static async begin(options: WorldOptions): Promise<World> {
    const { dir, durability, seed, faults, data } = options;
    const shard = await ShardUnderTest.prepare({ dir, durability, ...(data !== undefined && { data }) });
    await shard.start(faults);
    const weir = await connect({ seeds: [shard.address], clientId: 'admin' });
    const made = async (definition: typeof MARKS) => {
      await weir.tables.create(definition);
      return await weir.table(definition.name);
    };
    const churn = new Churn(weir, mulberry32(seed + 1));
    const tables: RoundTables = {
      marks: await made(MARKS),
      shared: await made(SHARED),
      wide: await made(WIDE),
      ordered: await Promise.all(ORDERED.map(made)),
      pruned: await Promise.all(PRUNED.map(made)),
      churn: () => churn.current,
    };
    const tuner = new Tuner(shard.address, await made(TUNED), mulberry32(seed + 2));
    return new World(options, shard, weir, churn, tuner, tables);
  }

  get durability(): Durability {
    return this.#options.durability;
  }

  /** As many open sessions as clients; a closed one is followed by another, with rows of its own. */
  async fillSessions(): Promise<void> {
    const { clients, seed } = this.#options;
    this.sessions = this.sessions.filter(({ closed }) => !closed);
    while (this.sessions.length < clients) {
      const session = await Session.open(this.shard.address, ++this.#opened, this.tables, seed);
      for (const table of this.tables.ordered) await this.#ledger.learnInitial(table, session.keys);
      this.sessions.push(session);
    }
  }

  /** Every push of the sessions so far against what the shard holds. Settles what can be settled first. */
  async check(): Promise<Verdict> {
    await Promise.all(this.sessions.map((session) => session.settle()));
    const pushed = this.sessions.flatMap((session) => session.pushed.splice(0));
    const { lost, doubled, problems } = await this.#ledger.check(this.#weir, pushed, this.churn.gone);
    return { lost, doubled, problems: [...problems, ...(await this.tuner.check())] };
  }

  /** Pushes of every client, all settled. */
  async push(count: number, inFlight = 8): Promise<void> {
    await this.fillSessions();
    await Promise.all(this.sessions.map((session) => session.run(count, inFlight)));
  }

  /** @throws AssertionError unless everything is there once and nothing else is. */
  async requireIntact(what: string): Promise<void> {
    assert.deepEqual(await this.check(), { lost: 0, doubled: 0, problems: [] }, what);
  }

  async end(): Promise<void> {
    await Promise.all([this.#weir, ...this.sessions.map(({ weir }) => weir)].map((weir) => weir.close()));
    this.tuner.close();
    await this.shard.kill();
    await rm(this.#options.dir, { recursive: true, force: true });
  }
}
