// Members that meet at a barrier again and again: how long a step takes, and how many bytes of payload are reduced. A shard
// and the members' process, on a folder of its own; results are on the disk before anybody gets them.
import { type BarrierReport, runBarriers } from './barrier-members.ts';
import { BenchShard } from './ps-shard.ts';
import { type BenchOptions, type BenchResult, median } from './result.ts';

const MEMBERS = 8;
const SMALL_BYTES = 4_096;
const LARGE_BYTES = 1_048_576;

export async function benchBarrier(options: BenchOptions): Promise<readonly BenchResult[]> {
  const small = await runsOf(SMALL_BYTES, options);
  const large = await runsOf(LARGE_BYTES, options);
  return [
    figure('p50_ms', 'ms', small, ({ p50Ms }) => p50Ms, { members: MEMBERS, payload_bytes: SMALL_BYTES }),
    figure('p99_ms', 'ms', small, ({ p99Ms }) => p99Ms, { members: MEMBERS, payload_bytes: SMALL_BYTES }),
    figure('bytes_per_s', 'B/s', large, ({ bytesPerS }) => Math.round(bytesPerS), {
      payload_bytes: LARGE_BYTES,
    }),
  ];
}

function figure(
  metric: string,
  unit: string,
  reports: readonly BarrierReport[],
  value: (report: BarrierReport) => number,
  params: BenchResult['params'],
): BenchResult {
  const middle = (of: (report: BarrierReport) => number): number =>
    Number(median(reports.map(of)).toFixed(3));
  const cost = {
    server_cpu_s_per_gb: middle(({ serverCpuSPerGb }) => serverCpuSPerGb),
    client_cpu_s_per_gb: middle(({ clientCpuSPerGb }) => clientCpuSPerGb),
  };
  return { bench: 'barrier', metric, value: middle(value), unit, runs: reports.length, params, cost };
}

async function runsOf(payloadBytes: number, options: BenchOptions): Promise<BarrierReport[]> {
  const reports: BarrierReport[] = [];
  for (let run = 1; run <= options.runs; run++) {
    const report = await onShard(({ address, pid }) =>
      runBarriers({ address, serverPid: pid, members: MEMBERS, payloadBytes, seconds: options.seconds }),
    );
    const { p50Ms, p99Ms, bytesPerS, serverCpuSPerGb, clientCpuSPerGb } = report;
    options.log(
      `barrier ${MEMBERS} x ${payloadBytes} bytes, run ${run} of ${options.runs}: p50 ${p50Ms.toFixed(2)} ms, ` +
        `p99 ${p99Ms.toFixed(2)} ms, ${Math.round(bytesPerS / 1e6)} MB/s; ` +
        `CPU of shard and members ${serverCpuSPerGb.toFixed(2)} and ${clientCpuSPerGb.toFixed(2)} s/GB`,
    );
    reports.push(report);
  }
  return reports;
}

async function onShard<T>(work: (shard: BenchShard) => Promise<T>): Promise<T> {
  const shard = await BenchShard.create();
  try {
    await shard.start();
    return await work(shard);
  } finally {
    await shard.remove();
  }
}
