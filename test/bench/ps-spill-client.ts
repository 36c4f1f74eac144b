// The client of ps-spill: `node ps-spill-client.ts OPTIONS` with SpillOptions as JSON. Four batches pulled for each one
// pushed, keys by Zipf over a table that is there already, through the public SDK; prints a SpillReport.
import { tuneGarbageCollector } from '@weir/runtime';
import { connect } from '@weir/sdk';
import { cpuSeconds, memoryBytes } from './process-usage.ts';
import { closedLoop } from './ps-load.ts';
import { BATCH_ROWS, gradientBatch, keyBatches } from './ps-workload.ts';

export interface SpillOptions {
  readonly seed: string;
  readonly serverPid: number;
  readonly rows: number;
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
const BATCHES = 2_048;
const WARM_UP_S = 5;
const CALLS_PER_PUSH = 5;
const SAMPLE_MS = 100;

const { seed, serverPid, rows, seconds } = JSON.parse(process.argv[2]!) as SpillOptions;
tuneGarbageCollector();
await using weir = await connect({ seeds: [seed], clientId: 'spill' });
const table = await weir.table('bench');
const keys = keyBatches('zipf', BATCHES, BATCH_ROWS, rows);
const gradients = gradientBatch(3, BATCH_ROWS);
const call = (i: number): Promise<unknown> => {
  const some = keys[i % BATCHES]!;
  return i % CALLS_PER_PUSH === 0 ? table.push(some, gradients) : table.pull(some);
};
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
