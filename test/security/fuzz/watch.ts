// What must hold of a process whatever it is sent: it lives, answers, does not stand still, and its memory is bounded.
import { readFile } from 'node:fs/promises';
import type { ServiceProcess } from '@weir/runtime';
import { framed, RawCaller } from './raw-call.ts';

/** How long a health call may take on two busy cores, the attackers among what makes them so. */
const ANSWER_MS_MAX = 30_000;
const LOOK_MS = 100;

export async function residentBytes(pid: number): Promise<number> {
  const pages = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')[1];
  return Number(pages) * 4096;
}

export class Watch implements AsyncDisposable {
  readonly #process: ServiceProcess;
  readonly #caller: RawCaller | undefined;
  readonly #before: number;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  /** What went wrong, in words. */
  readonly faults: string[] = [];
  slowestMs = 0;
  answers = 0;

  private constructor(process: ServiceProcess, before: number) {
    this.#process = process;
    this.#before = before;
    this.#caller = process.listen === '' ? undefined : new RawCaller(process.listen);
    this.#running = this.#watch();
  }

  static async begin(process: ServiceProcess): Promise<Watch> {
    return new Watch(process, await residentBytes(process.pid));
  }

  async #watch(): Promise<void> {
    void this.#process.exited.then(({ code, signal }) => {
      if (!this.#ending.signal.aborted) this.faults.push(`${this.#process.name} ended: ${signal ?? code}`);
    });
    while (!this.#ending.signal.aborted && this.faults.length === 0) {
      const begun = performance.now();
      const answer = await this.#ask();
      if (answer !== undefined) this.faults.push(`${this.#process.name}: ${answer}`);
      else this.answers++;
      this.slowestMs = Math.max(this.slowestMs, performance.now() - begun);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Undefined: it is well. */
  async #ask(): Promise<string | undefined> {
    if (this.#caller !== undefined) {
      const { status, left } = await this.#caller.call({
        path: '/grpc.health.v1.Health/Check',
        data: [framed(Buffer.alloc(0))],
        silenceMs: ANSWER_MS_MAX,
      });
      return status === 0 ? undefined : `health says ${left ? `nothing for ${ANSWER_MS_MAX} ms` : status}`;
    }
    const url = `http://${this.#process.admin}/healthz`;
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX) }).catch(String);
    return typeof response === 'string'
      ? response
      : response.ok
        ? undefined
        : `healthz is ${response.status}`;
  }

  async grownBytes(): Promise<number> {
    return (await residentBytes(this.#process.pid)) - this.#before;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#running;
    this.#caller?.close();
  }
}
