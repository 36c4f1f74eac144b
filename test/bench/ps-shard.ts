// A shard on a folder of its own that a bench loads, kills and starts again.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, type ServiceProcess, spawnService } from '@weir/runtime';
import { outputOf } from './client-process.ts';
import type { FillOptions } from './ps-fill.ts';

const WEIR = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const FILL = fileURLToPath(new URL('./ps-fill.ts', import.meta.url));

export class BenchShard {
  readonly #folder: string;
  readonly #address: string;
  #settings: readonly string[];
  #process: ServiceProcess | undefined;

  private constructor(folder: string, address: string, settings: readonly string[]) {
    this.#folder = folder;
    this.#address = address;
    this.#settings = settings;
  }

  /** @param settings of `weir ps`, beside its place. */
  static async create(...settings: readonly string[]): Promise<BenchShard> {
    const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'));
    const [port] = await freePorts(1);
    const address = `127.0.0.1:${port}`;
    const shards = [{ id: 'shard-0', address }];
    await writeFile(join(folder, 'topology.json'), JSON.stringify({ epoch: 1, shards }));
    return new BenchShard(folder, address, settings);
  }

  /**
   * Seconds from the start of the process to its ready line.
   * @param env added to this process's environment
   */
  async start(env: NodeJS.ProcessEnv = {}): Promise<number> {
    const place = ['--id', 'shard-0', '--data', join(this.#folder, 'data'), '--listen', this.#address];
    const more = ['--topology', join(this.#folder, 'topology.json'), ...this.#settings];
    const begun = performance.now();
    const command = [WEIR, 'ps', ...place, ...more];
    this.#process = await spawnService({ command, name: 'shard-0', env });
    return (performance.now() - begun) / 1000;
  }

  get address(): string {
    return this.#address;
  }

  get pid(): number {
    return this.#process!.pid;
  }

  /** Pushes from a process of its own, until all are acknowledged. */
  async fill(rows: Omit<FillOptions, 'seed'>): Promise<void> {
    const options: FillOptions = { seed: this.#address, ...rows };
    await outputOf(FILL, options);
  }

  /** A whole round. */
  async materialise(): Promise<void> {
    const answer = await fetch(`http://${this.#process!.admin}/materialise`, { method: 'POST', body: '{}' });
    if (!answer.ok) throw new Error(`the round failed: ${await answer.text()}`);
  }

  /** As Prometheus reads them. */
  async metrics(): Promise<string> {
    return (await fetch(`http://${this.#process!.admin}/metrics`)).text();
  }

  async recovery(): Promise<Readonly<Record<string, number>>> {
    const answer = await fetch(`http://${this.#process!.admin}/recovery`);
    return (await answer.json()) as Record<string, number>;
  }

  /** Stops it in order, and starts it on the same folder with other settings. */
  async restart(...settings: readonly string[]): Promise<void> {
    await this.#process?.stop();
    this.#settings = settings;
    await this.start();
  }

  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#process?.exited;
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
