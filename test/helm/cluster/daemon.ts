// A program that runs until it is told to end, with its log in a file.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const STOP_TIMEOUT_MS = 10_000;
const WORDS_BYTES = 1_500;

export class Daemon implements AsyncDisposable {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #log: string;

  constructor(name: string, program: string, argv: readonly string[], log: string, cwd: string) {
    this.name = name;
    this.#log = log;
    const file = openSync(log, 'w');
    this.#child = spawn(program, argv, { cwd, stdio: ['ignore', file, file] });
    this.#child.on('error', () => {});
    closeSync(file);
    process.on('exit', this.#kill);
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined;
  }

  /** The end of its log. */
  get words(): string {
    return `${this.name}: ${readFileSync(this.#log, 'utf8').slice(-WORDS_BYTES)}`;
  }

  /** Resolves when `isReady` says so. @throws Error with its words when it ends, or when that takes too long. */
  async ready(isReady: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!(await isReady())) {
      if (this.hasEnded || performance.now() > deadline) {
        throw new Error(`${this.hasEnded ? 'it ended' : 'it is not ready'}: ${this.words}`);
      }
      await sleep(100);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#kill);
    if (this.hasEnded) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(this.#kill, STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }

  readonly #kill = (): void => void this.#child.kill('SIGKILL');
}
