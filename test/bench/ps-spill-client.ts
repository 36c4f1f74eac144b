// The client of ps-spill: `node ps-spill-client.ts OPTIONS` with SpillOptions as JSON. Four batches pulled for each one
// pushed, keys by Zipf over a table that is there already, through the public SDK; prints a SpillReport.
//
// No batch comes twice: a number of batches that is used again and again has few rows (two thousand of them a fifth of 4 M
// rows, a tenth of 10 M), and after one time through the shard would have most of them in memory.
import { tuneGarbageCollector } from '@weir/runtime';
import { connect } from '@weir/sdk';
import { cpuSeconds, memoryBytes } from './process-usage.ts';
import { closedLoop } from './ps-load.ts';
import { BATCH_ROWS, gradientBatch, rowKeys, zipfKeys } from './ps-workload.ts';

export interface SpillOptions {
  readonly seed: string;
  readonly serverPid: number;
  readonly rows: number;
  readonly memoryRowsMax: number;
  readonly seconds: number;
}

export interface SpillReport {
  readonly rows: number;
  readonly seconds: number;
  readonly serverCpuS: number;
  readonly clientCpuS: number;
  /** Highest resident memory of the shard, looked at every SAMPLE_MS of the load. */
  readonly serverBytes: number;
}

const IN_FLIGHT = 16;
const WARM_UP_S = 10;
const CALLS_PER_PUSH = 5;
const SAMPLE_MS = 100;
/** Of the first rows, each of which comes from disk. */
const TIMEOUT_MS = 120_000;

const { seed, serverPid, rows, memoryRowsMax, seconds } = JSON.parse(process.argv[2]!) as SpillOptions;
tuneGarbageCollector();
await using weir = await connect({ seeds: [seed], clientId: 'spill', timeoutMs: TIMEOUT_MS });
const table = await weir.table('bench');
const draw = zipfKeys(rows);
const gradients = gradientBatch(3, BATCH_ROWS);
const call = (i: number): Promise<unknown> => {
  const keys = draw(BATCH_ROWS);
  return i % CALLS_PER_PUSH === 0 ? table.push(keys, gradients) : table.pull(keys);
};

// Memory is full from the beginning: the rows that are used most, then the load until it is steady.
let pulled = 0;
const pullNext = async (): Promise<void> => {
  while (pulled < memoryRowsMax) {
    const first = pulled;
    pulled += BATCH_ROWS;
    await table.pull(rowKeys(first, Math.min(BATCH_ROWS, memoryRowsMax - first)));
  }
};
await Promise.all(Array.from({ length: IN_FLIGHT }, pullNext));
await closedLoop(call, IN_FLIGHT, WARM_UP_S);
let serverBytes = 0;
const sampling = setInterval(() => {
  serverBytes = Math.max(serverBytes, memoryBytes(serverPid));
}, SAMPLE_MS);
const [server, client] = [cpuSeconds(serverPid), cpuSeconds(process.pid)];
const { calls, seconds: taken } = await closedLoop(call, IN_FLIGHT, seconds);
clearInterval(sampling);
const report: SpillReport = {
  rows: calls * BATCH_ROWS,
  seconds: taken,
  serverCpuS: cpuSeconds(serverPid) - server,
  clientCpuS: cpuSeconds(process.pid) - client,
  serverBytes,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
