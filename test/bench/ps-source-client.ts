// The client of ps-push-source: `node ps-source-client.ts OPTIONS` with SourceClientOptions as JSON. Pushes to a table
// that is there already, through the public SDK, in turns with source ranges and without; prints a SourceReport.
import { tuneGarbageCollector } from '@weir/runtime';
import { connect, type SourceRanges } from '@weir/sdk';
import { cpuSeconds } from './process-usage.ts';
import { type Call, closedLoop } from './ps-load.ts';
import { BATCH_ROWS, gradientBatch, keyBatches } from './ps-workload.ts';

export interface SourceClientOptions {
  readonly seed: string;
  readonly serverPid: number;
  /** Of both kinds together. */
  readonly seconds: number;
}

export interface Turn {
  readonly rows: number;
  readonly seconds: number;
  readonly clientCpuS: number;
  readonly serverCpuS: number;
}

export interface SourceReport {
  /** One after the other on the same shard, in pairs. */
  readonly pairs: readonly { readonly plain: Turn; readonly sourced: Turn }[];
}

const IN_FLIGHT = 16;
const WARM_UP_S = 2;
const BATCHES = 512;
const PAIRS = 30;
const GROUP = 'bench';
const INCARNATION = '0b8e5ad2-51d4-4bb0-9d4e-4a3e7b7c2f10';

const options = JSON.parse(process.argv[2]!) as SourceClientOptions;
tuneGarbageCollector();
await using weir = await connect({ seeds: [options.seed], clientId: 'bench' });
const table = await weir.table('bench');
const keys = keyBatches('uniform', BATCHES, BATCH_ROWS);
const gradients = Array.from({ length: 8 }, (_, i) => gradientBatch(3 + i, BATCH_ROWS));
const partition = { partition: 0, incarnation: INCARNATION };
await weir.sources(GROUP).acquire(1, [{ ...partition, start: 0 }]);
let applied = 0;

/** The range of the next batch. */
function nextSources(): SourceRanges {
  const from = applied;
  applied += BATCH_ROWS;
  return { group: GROUP, generation: 1, ranges: [{ ...partition, from, to: applied }] };
}

const plain: Call = (i) => table.push(keys[i % BATCHES]!, gradients[i % gradients.length]!);
const sourced: Call = (i) =>
  table.push(keys[i % BATCHES]!, gradients[i % gradients.length]!, { sources: nextSources() });

await closedLoop(plain, IN_FLIGHT, WARM_UP_S / 2);
await closedLoop(sourced, IN_FLIGHT, WARM_UP_S / 2);
const pairs: { plain: Turn; sourced: Turn }[] = [];
for (let i = 0; i < PAIRS; i++) {
  // Who goes first changes, so that neither gains from what grows or cools down.
  if (i % 2 === 0) pairs.push({ plain: await turn(plain), sourced: await turn(sourced) });
  else pairs.push({ sourced: await turn(sourced), plain: await turn(plain) });
}
const report: SourceReport = { pairs };
process.stdout.write(`${JSON.stringify(report)}\n`);

async function turn(call: Call): Promise<Turn> {
  const client = cpuSeconds(process.pid);
  const server = cpuSeconds(options.serverPid);
  const { calls, seconds } = await closedLoop(call, IN_FLIGHT, options.seconds / (2 * PAIRS));
  return {
    rows: calls * BATCH_ROWS,
    seconds,
    clientCpuS: cpuSeconds(process.pid) - client,
    serverCpuS: cpuSeconds(options.serverPid) - server,
  };
}
