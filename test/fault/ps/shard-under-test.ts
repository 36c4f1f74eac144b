// One shard as a process on a folder of its own, which can be told to die, and is started again on its data.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, type ServiceProcess, spawnService } from '@weir/runtime';
import type { Durability } from '../../../ps/src/server/log/log-sink.ts';
import { type Crash, FAULT_PLAN, type FaultPlan } from '../../../ps/src/testing/fault-plan.ts';

const SCRIPT = fileURLToPath(new URL('../../../ps/src/testing/fault-shard.ts', import.meta.url));

export interface ShardUnderTestOptions {
  /** For topology and journal; made when absent. */
  readonly dir: string;
  /** Default: a folder in `dir`. */
  readonly data?: string;
  /** Default `process`. */
  readonly durability?: Durability;
}

export class ShardUnderTest {
  /** The same over restarts. */
  readonly address: string;
  /** Its folder; another path to it may be set between two starts. */
  data: string;
  readonly syncJournal: string;
  kills = 0;
  readonly #durability: Durability;
  readonly #topology: string;
  #running: ServiceProcess | undefined;

  private constructor({ dir, data, durability = 'process' }: ShardUnderTestOptions, address: string) {
    this.address = address;
    this.data = data ?? join(dir, 'data');
    this.syncJournal = join(dir, 'synced.jsonl');
    this.#topology = join(dir, 'topology.json');
    this.#durability = durability;
  }

  /** Not started yet. */
  static async prepare(options: ShardUnderTestOptions): Promise<ShardUnderTest> {
    await mkdir(options.dir, { recursive: true });
    const [port] = await freePorts(1);
    const shard = new ShardUnderTest(options, `127.0.0.1:${port}`);
    const shards = [{ id: 'shard-0', address: shard.address }];
    await writeFile(shard.#topology, JSON.stringify({ epoch: 1, shards }));
    return shard;
  }

  /** `host:port` */
  get admin(): string {
    return this.#process.admin;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Resolves when the running process has ended, however. */
  get exited(): Promise<unknown> {
    return this.#process.exited;
  }

  /** @throws WeirError UNAVAILABLE with its last words when it does not become ready. */
  async start(faults: FaultPlan = {}): Promise<void> {
    const plan: FaultPlan =
      this.#durability === 'machine' ? { ...faults, syncJournal: this.syncJournal } : faults;
    this.#running = await spawnService({
      command: [
        ...[SCRIPT, '--id', 'shard-0', '--data', this.data, '--listen', this.address],
        ...['--topology', this.#topology, '--durability', this.#durability],
      ],
      name: 'the shard under test',
      env: { [FAULT_PLAN]: JSON.stringify(plan) },
    });
  }

  /** SIGKILL, unless it has ended already; resolves when it has. */
  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    running.kill('SIGKILL');
    await running.exited;
    this.kills++;
  }

  /** A planned stop. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.stop();
  }

  /** From now on: see Crash. */
  async crash(crash: Crash): Promise<void> {
    await this.post('/crash', crash);
  }

  /** POST to a route of its admin port. @returns undefined when the shard has gone meanwhile. */
  async post(route: string, body: unknown = {}): Promise<Response | undefined> {
    const url = `http://${this.#process.admin}${route}`;
    return await fetch(url, { method: 'POST', body: JSON.stringify(body) }).catch(() => undefined);
  }

  get #process(): ServiceProcess {
    if (this.#running === undefined) throw new Error('the shard under test does not run');
    return this.#running;
  }
}
