// Members that meet at a barrier again and again: how long a step takes, and how many bytes of payload are reduced. A shard
// and the members' process, on a folder of its own; results are on the disk before anybody gets them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, spawnService } from '@weir/runtime';
import { runBarriers } from './barrier-members.ts';
import { type BenchOptions, type BenchResult, median } from './result.ts';

const WEIR = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
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
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'));
  const [port] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const topology = join(folder, 'topology.json');
  await writeFile(topology, JSON.stringify({ epoch: 1, shards: [{ id: 'shard-0', address }] }));
  const flags = ['--id', 'shard-0', '--data', join(folder, 'data'), '--listen', address];
  const shard = await spawnService({
    command: [WEIR, 'ps', ...flags, '--admin-listen', '127.0.0.1:0', '--topology', topology],
    name: 'shard-0',
  });
  try {
    return await work(address);
  } finally {
    await shard.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
