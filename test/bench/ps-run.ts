// One run of a bench of the parameter server: a shard and a client, each a process, on a folder of its own.
import { fileURLToPath } from 'node:url';
import { outputOf } from './client-process.ts';
import { peakMemoryBytes } from './process-usage.ts';
import type { ClientOptions, ClientReport } from './ps-client.ts';
import { BenchShard } from './ps-shard.ts';
import { type BenchOptions, median } from './result.ts';

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

async function runPs({ durability, ...load }: PsLoad): Promise<PsReport> {
  const shard = await BenchShard.create('--durability', durability);
  try {
    await shard.start();
    const options: ClientOptions = { ...load, seed: shard.address, serverPid: shard.pid };
    const report = JSON.parse(await outputOf(CLIENT, options)) as ClientReport;
    const metrics = await shard.metrics();
    const serverPeakBytes = peakMemoryBytes(shard.pid);
    return { ...report, serverPeakBytes, rounds: roundsOf(metrics), slices: slicesOf(metrics) };
  } finally {
    await shard.remove();
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

export function perMillion(cpuS: number, rows: number): number {
  return Number(((cpuS * 1e6) / rows).toFixed(3));
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
