// The last resort against a process that outlives its parent: the end of a pipe, a signal and a deadline are all seen
// by the event loop alone, and a loop of promises that wake each other never lets it turn.
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { WatchdogData } from './parent-watchdog.ts';

/** Kills this process `graceMs` after its parent's death; does not keep it from ending before. */
export function watchParent(log: Logger, graceMs: number): void {
  const workerData: WatchdogData = { parentPid: process.ppid, graceMs };
  const worker = new Worker(WATCHDOG, { workerData });
  worker.unref();
  worker.on('error', (error) => log.warn({ err: error }, 'nobody watches whether the parent lives'));
}

// The source runs as it is; a published package has it compiled.
const WATCHDOG = new URL(
  import.meta.url.endsWith('.ts') ? './parent-watchdog.ts' : './parent-watchdog.js',
  import.meta.url,
);
