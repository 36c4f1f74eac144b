// The peer of the parameter server's benches: Redis of the distribution, loaded by its own redis-benchmark, on a free
// loopback port and a folder of its own. Values have the bytes of a row's weights.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '@weir/runtime';
import { DIM, ROWS } from './ps-workload.ts';

const BATCHES = [100, 500, 2048];
const PIPELINES = [1, 8, 16];
const CONNECTIONS = 4;
/** Rows a second that fit the time of one measurement roughly; the result does not depend on it. */
const ROWS_PER_SECOND_GUESS = 600_000;
const READY_TIMEOUT_MS = 10_000;

export type RedisCommand = 'MSET' | 'MGET';

/** As near as Redis comes to a durability: without a log, synced every second, synced before the answer. */
const APPEND: Readonly<Record<string, readonly string[]>> = {
  memory: ['--appendonly', 'no'],
  process: ['--appendonly', 'yes', '--appendfsync', 'everysec'],
  machine: ['--appendonly', 'yes', '--appendfsync', 'always'],
};

/**
 * Rows a second at the best of batch sizes and pipelines, `seconds` in all; undefined, with a line in the log, when
 * Redis cannot be had.
 */
export async function redisRowsPerSecond(
  command: RedisCommand,
  durability: string,
  seconds: number,
  log: (line: string) => void,
): Promise<number | undefined> {
  const missing = install();
  if (missing !== undefined) {
    log(`no Redis beside this figure: ${missing}`);
    return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), 'weir-redis-'));
  const [port] = await freePorts(1);
  const flags = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const server = spawn('redis-server', [...flags, ...APPEND[durability]!], { stdio: 'ignore' });
  try {
    await ready(server, port!);
    const rows = (seconds * ROWS_PER_SECOND_GUESS) / (BATCHES.length * PIPELINES.length);
    // Every key exists, as in our table.
    await rate('MSET', port!, 500, 8, 4 * ROWS);
    let best = 0;
    for (const batch of BATCHES) {
      for (const pipeline of PIPELINES) {
        const found = await rate(command, port!, batch, pipeline, rows);
        log(`redis ${command} of ${batch}, pipeline ${pipeline}: ${Math.round(found)} rows/s`);
        best = Math.max(best, found);
      }
    }
    return best;
  } finally {
    server.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}

/** Why there is no Redis, after an attempt to install it as root on Debian. */
function install(): string | undefined {
  const found = () => {
    try {
      execFileSync('redis-benchmark', ['--version'], { stdio: 'ignore' });
      execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };
  if (found()) return undefined;
  if (process.getuid?.() !== 0) return 'redis-server is not installed, and only root can install it';
  try {
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
    execFileSync('apt-get', ['install', '-y', '-qq', 'redis-server'], { stdio: 'ignore' });
  } catch (error) {
    return `apt-get could not install redis-server (${error instanceof Error ? error.message : error})`;
  }
  return found() ? undefined : 'redis-server is not there after its installation';
}

async function rate(
  command: RedisCommand,
  port: number,
  batch: number,
  pipeline: number,
  rows: number,
): Promise<number> {
  const value = 'v'.repeat(DIM * Float32Array.BYTES_PER_ELEMENT);
  const row = command === 'MSET' ? ['__rand_int__', value] : ['__rand_int__'];
  const keys = Array.from({ length: batch }, () => row).flat();
  const requests = Math.max(CONNECTIONS * pipeline * 4, Math.ceil(rows / batch));
  const load = [
    '-c',
    String(CONNECTIONS),
    '-P',
    String(pipeline),
    '-n',
    String(requests),
    '-r',
    String(ROWS),
  ];
  const child = spawn('redis-benchmark', ['-p', String(port), ...load, '--csv', command, ...keys], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // "test","rps",...: the last line; the first column repeats the command.
  const last = (await text(child.stdout)).trim().split('\n').at(-1)!;
  const perSecond = Number(/","([\d.]+)"/.exec(last)?.[1]);
  if (!(perSecond > 0)) throw new Error(`redis-benchmark said: ${last.slice(-200)}`);
  return perSecond * batch;
}

async function ready(server: ChildProcess, port: number): Promise<void> {
  const until = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < until && server.exitCode === null) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await delay(50);
  }
  throw new Error('redis-server does not start');
}
