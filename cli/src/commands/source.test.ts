import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Cluster, startCluster } from '@weir/ps/testing';
import { type ServiceProcess, spawnService } from '@weir/runtime';
import { connect } from '@weir/sdk';
import { connectStreams } from '@weir/streams/client';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { runProgram } from '../program.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

let cluster: Cluster;
let folder: string;
let streams: ServiceProcess;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-source-'));
  [cluster, streams] = await Promise.all([
    startCluster({ shards: 2 }),
    spawnService({ command: [MAIN, 'streams', '--data', folder], name: 'streams' }),
  ]);
});
afterAll(async () => {
  await cluster?.stop();
  await streams?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Exit code (undefined: done) and stdout. */
async function weir(...argv: string[]): Promise<{ code: number | undefined; stdout: string }> {
  let stdout = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  try {
    const code = await runProgram(['source', ...argv, '--seeds', cluster.seeds.join()]);
    return { code, stdout };
  } finally {
    write.mockRestore();
  }
}

it('shows offsets and lag of every shard, and forgets what it is told to', async () => {
  const log = connectStreams({ address: streams.listen });
  await log.create('samples', 2);
  const records = Array.from({ length: 30 }, () => ({ value: new Uint8Array(1) }));
  await log.append('samples', 1, records);
  const incarnation = (await log.endOffsets('samples'))[1]!.incarnation;
  await log.close();
  await using client = await connect({ seeds: cluster.seeds, clientId: 'test' });
  await client.sources('trainer').acquire(4, [
    { partition: 0, incarnation: 'an old log', start: 0 },
    { partition: 1, incarnation, start: 3 },
  ]);
  const ranges = [{ partition: 1, incarnation, from: 3, to: 20 }];
  await client.push([], { sources: { group: 'trainer', generation: 4, ranges } });

  const { code, stdout } = await weir('describe', 'trainer', '--streams', streams.listen, '--json');
  expect(code).toBe(undefined);
  const old = { generation: 4, incarnation: 'an old log', start: 0, applied: 0, lost: false, lag: null };
  const present = { generation: 4, incarnation, start: 3, applied: 20, lost: false, lag: 10 };
  expect(JSON.parse(stdout)).toEqual({
    group: 'trainer',
    partitions: [
      {
        partition: 0,
        end_offset: 0,
        shards: [
          { shard: 'shard-0', ...old },
          { shard: 'shard-1', ...old },
        ],
      },
      {
        partition: 1,
        end_offset: 30,
        shards: [
          { shard: 'shard-0', ...present },
          { shard: 'shard-1', ...present },
        ],
      },
    ],
  });
  const without = await weir('describe', 'trainer');
  expect(without.stdout).toMatch(/^ +1 +shard-1 +4 +3 +20 +- /m);

  const reset = JSON.parse((await weir('reset', 'trainer', '--partition', '1', '--json')).stdout);
  expect(reset).toMatchObject({
    group: 'trainer',
    shards: [
      { shard: 'shard-0', forgotten: [{ partition: 1, start: 3, applied: 20 }] },
      { shard: 'shard-1', forgotten: [{ partition: 1 }] },
    ],
  });
  expect((await weir('reset', 'trainer')).stdout).toMatch(
    /^forgotten of source trainer\n\n.*\n +0 +shard-0 +0 +0$/m,
  );
  expect((await weir('reset', 'trainer')).stdout).toMatch(/^nothing to forget/);

  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  try {
    expect(await weir('describe', 'trainer')).toEqual({ code: 1, stdout: '' });
    expect(stderr.mock.calls.join('')).toContain(
      'GROUP_NOT_FOUND: no shard has source offsets of group trainer',
    );
  } finally {
    stderr.mockRestore();
  }
});
