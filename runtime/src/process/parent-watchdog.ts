// The body of a thread of its own: kills this process, in which no event loop may turn any more, once its parent is
// gone and the time for a stop in order is over. Started by `watchParent`.
import { workerData } from 'node:worker_threads';
import { PARENT_POLL_MS } from '../limits.ts';

export interface WatchdogData {
  readonly parentPid: number;
  /** From the parent's death to the kill. */
  readonly graceMs: number;
}

const { parentPid, graceMs } = workerData as WatchdogData;

// An orphan gets another parent.
const poll = setInterval(() => {
  if (process.ppid === parentPid) return;
  clearInterval(poll);
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), graceMs);
}, PARENT_POLL_MS);
