// A client of the bench telemetry: a child process with `fork`'s channel and TelemetryClientOptions as JSON. Pushes to or
// pulls from a table that is there already, through the public SDK, whenever it is told a Turn; answers with a TurnReport.
import { startTelemetry, tuneGarbageCollector } from '@weir/runtime';
import { connect } from '@weir/sdk';
import { cpuSeconds } from './process-usage.ts';
import { type Call, closedLoop } from './ps-load.ts';
import { BATCH_ROWS, gradientBatch, keyBatches } from './ps-workload.ts';

export interface TelemetryClientOptions {
  readonly seed: string;
  readonly serverPid: number;
}

export interface Turn {
  readonly op: 'push' | 'pull';
  readonly seconds: number;
}

export interface TurnReport {
  readonly rows: number;
  readonly seconds: number;
  readonly clientCpuS: number;
  readonly serverCpuS: number;
}

const IN_FLIGHT = 16;
const BATCHES = 512;

const { seed, serverPid } = JSON.parse(process.argv[2]!) as TelemetryClientOptions;
tuneGarbageCollector();
// As every process of Weir's own: metrics always, the rest if the environment says so.
await startTelemetry({
  service: 'weir-bench',
  instance: undefined,
  endpoint: undefined,
  env: process.env,
  says: { info: () => {}, warn: (message) => void process.stderr.write(`${message}\n`) },
});
const weir = await connect({ seeds: [seed], clientId: 'bench' });
const table = await weir.table('bench');
const keys = keyBatches('uniform', BATCHES, BATCH_ROWS);
const gradients = Array.from({ length: 8 }, (_, i) => gradientBatch(3 + i, BATCH_ROWS));
const calls: Readonly<Record<Turn['op'], Call>> = {
  push: (i) => table.push(keys[i % BATCHES]!, gradients[i % gradients.length]!),
  pull: (i) => table.pull(keys[i % BATCHES]!),
};

process.on('message', async ({ op, seconds }: Turn) => {
  const client = cpuSeconds(process.pid);
  const server = cpuSeconds(serverPid);
  const done = await closedLoop(calls[op], IN_FLIGHT, seconds);
  const report: TurnReport = {
    rows: done.calls * BATCH_ROWS,
    seconds: done.seconds,
    clientCpuS: cpuSeconds(process.pid) - client,
    serverCpuS: cpuSeconds(serverPid) - server,
  };
  process.send!(report);
});
process.send!('ready');
