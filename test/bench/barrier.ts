// Members that meet at a barrier again and again: how long a step takes, and how many bytes of payload are reduced. A shard
// and the members' process, on a folder of its own; results are on the disk before anybody gets them.
import { runBarriers } from './barrier-members.ts';
import { BenchShard } from './ps-shard.ts';
import { type BenchOptions, type BenchResult, median } from './result.ts';

const MEMBERS = 8;
const SMALL_BYTES = 4_096;
const LARGE_BYTES = 1_048_576;

export async function benchBarrier(options: BenchOptions): Promise<readonly BenchResult[]> {
  const small = await runsOf(SMALL_BYTES, options);
  const large = await runsOf(LARGE_BYTES, options);
  const figure = (
    metric: string,
    unit: string,
    payloadBytes: number,
    values: readonly number[],
  ): BenchResult => ({
    bench: 'barrier',
    metric,
    value: Number(median(values).toFixed(3)),
    unit,
    runs: values.length,
    params:
      payloadBytes === SMALL_BYTES
        ? { members: MEMBERS, payload_bytes: payloadBytes }
        : { payload_bytes: payloadBytes },
  });
  return [
    figure(
      'p50_ms',
      'ms',
      SMALL_BYTES,
      small.map(({ p50Ms }) => p50Ms),
    ),
    figure(
      'p99_ms',
      'ms',
      SMALL_BYTES,
      small.map(({ p99Ms }) => p99Ms),
    ),
    figure(
      'bytes_per_s',
      'B/s',
      LARGE_BYTES,
      large.map(({ bytesPerS }) => Math.round(bytesPerS)),
    ),
  ];
}

interface Run {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly bytesPerS: number;
}

async function runsOf(payloadBytes: number, options: BenchOptions): Promise<Run[]> {
  const runs: Run[] = [];
  for (let run = 1; run <= options.runs; run++) {
    const result = await onShard((address) =>
      runBarriers({ address, members: MEMBERS, payloadBytes, seconds: options.seconds }),
    );
    options.log(
      `barrier ${MEMBERS} x ${payloadBytes} bytes, run ${run} of ${options.runs}: p50 ${result.p50Ms.toFixed(2)} ms, ` +
        `p99 ${result.p99Ms.toFixed(2)} ms, ${Math.round(result.bytesPerS / 1e6)} MB/s`,
    );
    runs.push(result);
  }
  return runs;
}

async function onShard<T>(work: (address: string) => Promise<T>): Promise<T> {
  const shard = await BenchShard.create();
  try {
    await shard.start();
    return await work(shard.address);
  } finally {
    await shard.remove();
  }
}
