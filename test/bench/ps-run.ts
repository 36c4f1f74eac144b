// One run of a bench of the parameter server: a shard and a client, each a process, on a folder of its own.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { freePorts, spawnService } from '@weir/runtime';
import { peakMemoryBytes } from './process-usage.ts';
import type { ClientOptions, ClientReport } from './ps-client.ts';
import { type BenchOptions, median } from './result.ts';

const WEIR = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const CLIENT = fileURLToPath(new URL('./ps-client.ts', import.meta.url));

export interface PsReport extends ClientReport {
  readonly serverPeakBytes: number;
  /** Materialisation rounds of the shard in all. */
  readonly rounds: number;
  /** Milliseconds of the longest piece of work on the shard's event loop, by kind, and pieces above the bound. */
  readonly slices: ReadonlyMap<
    string,
    { readonly longestMs: number; readonly long: number; readonly all: number }
  >;
}

export type PsLoad = Pick<ClientOptions, 'load' | 'keys' | 'seconds'> & { readonly durability: string };

export async function runPs({ durability, ...load }: PsLoad): Promise<PsReport> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'));
  const [port] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const topology = join(folder, 'topology.json');
  await writeFile(topology, JSON.stringify({ epoch: 1, shards: [{ id: 'shard-0', address }] }));
  const flags = ['--id', 'shard-0', '--data', join(folder, 'data'), '--listen', address];
  const more = ['--admin-listen', '127.0.0.1:0', '--topology', topology, '--durability', durability];
  const shard = await spawnService({ command: [WEIR, 'ps', ...flags, ...more], name: 'shard-0' });
  try {
    const report = await client({ ...load, seed: address, serverPid: shard.pid });
    const metrics = await (await fetch(`http://${shard.admin}/metrics`)).text();
    const serverPeakBytes = peakMemoryBytes(shard.pid);
    return { ...report, serverPeakBytes, rounds: roundsOf(metrics), slices: slicesOf(metrics) };
  } finally {
    await shard.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** All runs of one figure, told as they end. */
export async function runsOf(load: PsLoad, options: BenchOptions): Promise<PsReport[]> {
  const reports: PsReport[] = [];
  for (let run = 1; run <= options.runs; run++) {
    const report = await runPs(load);
    const { rows, seconds, clientCpuS, serverCpuS, rounds } = report;
    options.log(
      `ps ${load.load} ${load.durability} ${load.keys}, run ${run} of ${options.runs}: ${Math.round(rows / seconds)} rows/s, ` +
        `CPU s per million rows: server ${perMillion(serverCpuS, rows)}, client ${perMillion(clientCpuS, rows)}; rounds: ${rounds}`,
    );
    reports.push(report);
  }
  return reports;
}

/** What stands beside a figure: medians of CPU, the highest memory, the fewest rounds. */
export function costOf(reports: readonly PsReport[]): Record<string, number> {
  return {
    server_cpu_s_per_million_rows: median(
      reports.map(({ serverCpuS, rows }) => perMillion(serverCpuS, rows)),
    ),
    client_cpu_s_per_million_rows: median(
      reports.map(({ clientCpuS, rows }) => perMillion(clientCpuS, rows)),
    ),
    server_peak_bytes: Math.max(...reports.map((report) => report.serverPeakBytes)),
    client_peak_bytes: Math.max(...reports.map((report) => report.clientPeakBytes)),
    rounds: Math.min(...reports.map((report) => report.rounds)),
    seconds: Math.round(Math.min(...reports.map((report) => report.seconds))),
  };
}

function perMillion(cpuS: number, rows: number): number {
  return Number(((cpuS * 1e6) / rows).toFixed(3));
}

async function client(options: ClientOptions): Promise<ClientReport> {
  const child = spawn(process.execPath, [CLIENT, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const output = await text(child.stdout);
  const code = await ended;
  if (code !== 0) throw new Error(`the client ended with exit code ${code}`);
  return JSON.parse(output) as ClientReport;
}

function roundsOf(metrics: string): number {
  const line = metrics.split('\n').find((each) => /^ps_rounds_total[ {]/.test(each));
  return Number(line?.split(' ')[1] ?? 0);
}

function slicesOf(metrics: string): PsReport['slices'] {
  const kinds = new Map<string, { longestMs: number; long: number; all: number }>();
  for (const [, name, labels, value] of metrics.matchAll(/^(ps_slice\w*)\{([^}]*)\} (\S+)$/gm)) {
    const kind = /kind="(\w+)"/.exec(labels!)![1]!;
    const sums = kinds.get(kind) ?? { longestMs: 0, long: 0, all: 0 };
    kinds.set(kind, sums);
    if (name!.includes('longest')) sums.longestMs = Number(value) * 1000;
    else {
      sums.all += Number(value);
      if (labels!.includes('long="true"')) sums.long += Number(value);
    }
  }
  return kinds;
}
