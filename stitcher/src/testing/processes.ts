// Real service processes for tests, in a folder of their own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, type ServiceProcess, spawnService } from '@weir/runtime';

/** Runs the service that its first argument names. */
export const SERVICE_SCRIPT = fileURLToPath(new URL('run-service.ts', import.meta.url));

export class Processes implements AsyncDisposable {
  readonly folder: string;
  readonly #running = new Set<ServiceProcess>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Processes> {
    return new Processes(await mkdtemp(join(tmpdir(), 'weir-stitcher-')));
  }

  async start(service: string, ...flags: string[]): Promise<ServiceProcess> {
    const started = await spawnService({ name: service, command: [SERVICE_SCRIPT, service, ...flags] });
    this.#running.add(started);
    return started;
  }

  /** On a port that a restart can take again. */
  async startStreams(port: number): Promise<ServiceProcess> {
    return this.start(
      'streams',
      ...['--listen', `127.0.0.1:${port}`, '--data', join(this.folder, 'streams')],
      // What the stitcher has committed, no restart of it may need again.
      ...['--trim', 'features=stitcher,behaviour=stitcher'],
    );
  }

  async kill(process: ServiceProcess): Promise<void> {
    this.#running.delete(process);
    process.kill('SIGKILL');
    await process.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The streams last: the others finish with them.
    for (const process of [...this.#running].reverse()) await process.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export async function freePort(): Promise<number> {
  return (await freePorts(1))[0]!;
}
