// A service as a child process: started, waited for until its ready line, stopped. The child holds a pipe from us on
// stdin and ends when it closes, so nothing outlives its parent, however that died.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WeirError } from '@weir/proto';
import { SPAWN_READY_TIMEOUT_MS, SPAWN_STDERR_BYTES_MAX, SPAWN_STOP_TIMEOUT_MS } from '../limits.ts';
import { parseReadyLine, type ReadyLine } from './ready-line.ts';
import { PARENT_PIPE } from './stop-request.ts';
import { tailOfFile } from './tail-of-file.ts';

export interface SpawnOptions {
  /** Arguments after `node`: a script and its flags. */
  readonly command: readonly string[];
  /** For messages. */
  readonly name: string;
  /** Added to this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** stderr is appended here; without it only the last words are kept, for the error of a failed start. */
  readonly logFile?: string;
}

export interface ServiceProcess {
  readonly name: string;
  readonly pid: number;
  /** `host:port` bound; empty if it listens nowhere. */
  readonly listen: string;
  readonly admin: string;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  /** Default SIGTERM. */
  kill(signal?: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL if that does not help in time. Resolves when it has ended. */
  stop(): Promise<void>;
}

/**
 * For glibc's malloc. Blocks from the first size on come from the system and go back to it when they are freed: those of the
 * store's memory tables, 1 MiB each, do, else they would be kept (350 MB more in a shard with 10 M rows, bench ps-memory).
 * Smaller ones are kept, up to the second size for each thread that frees them: a write to the store takes several,
 * of up to twice its bytes, and to have their pages made anew each time cost a shard a tenth of its CPU (ADR 0019).
 */
const MALLOC = {
  MALLOC_MMAP_THRESHOLD_: String(1024 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(4 * 1024 * 1024),
};
const COMPILE_CACHE = join(tmpdir(), 'node-compile-cache');

/** WeirError UNAVAILABLE with the process's last words if it ends, or says nothing, before it is ready. */
export async function spawnService(options: SpawnOptions): Promise<ServiceProcess> {
  const log = options.logFile === undefined ? undefined : openSync(options.logFile, 'a');
  const child = spawn(process.execPath, [...options.command], {
    // The compile cache halves the CPU time of a start; what is set already wins.
    env: {
      NODE_COMPILE_CACHE: COMPILE_CACHE,
      ...MALLOC,
      ...process.env,
      ...options.env,
      [PARENT_PIPE]: '1',
    },
    stdio: ['pipe', 'pipe', log ?? 'pipe'],
    // Out of the terminal's group: a Ctrl-C reaches the parent alone, which then stops its children in order.
    detached: true,
  });
  if (log !== undefined) closeSync(log);
  child.stdin?.on('error', () => {});
  const lastWords = keepLastWords(child, options.logFile);
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  const ready = await waitForReady(child, exited, options.name, lastWords);
  return {
    name: options.name,
    pid: child.pid!,
    listen: ready.listen,
    admin: ready.admin,
    exited,
    kill: (signal = 'SIGTERM') => void child.kill(signal),
    stop: () => stop(child, exited),
  };
}

async function waitForReady(
  child: ChildProcess,
  exited: Promise<{ code: number | null; signal: string | null }>,
  name: string,
  lastWords: () => string,
): Promise<ReadyLine> {
  const { promise, resolve, reject } = Promise.withResolvers<ReadyLine>();
  const fail = (what: string): void => {
    const words = lastWords().trim();
    reject(new WeirError('UNAVAILABLE', `${name} ${what}${words === '' ? '' : `: ${words}`}`));
  };
  const timer = setTimeout(() => {
    fail(`was not ready after ${SPAWN_READY_TIMEOUT_MS} ms`);
    child.kill('SIGKILL');
  }, SPAWN_READY_TIMEOUT_MS);
  // Also after the ready line: a full pipe would block the child.
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const ready = parseReadyLine(line);
    if (ready !== undefined) resolve(ready);
  });
  child.once('error', (error) => fail(`could not be started (${error.message})`));
  // 'close' comes after the last of stderr, 'exit' may not.
  child.once('close', () => {
    exited.then(({ code, signal }) => fail(`ended before it was ready (${signal ?? `exit code ${code}`})`));
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

async function stop(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), SPAWN_STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}

function keepLastWords(child: ChildProcess, logFile: string | undefined): () => string {
  if (logFile !== undefined) return () => tailOfFile(logFile, SPAWN_STDERR_BYTES_MAX);
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-SPAWN_STDERR_BYTES_MAX);
  });
  return () => words;
}
