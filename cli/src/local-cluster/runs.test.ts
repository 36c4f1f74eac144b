import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from '@weir/ps/testing';
import { connect } from '@weir/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRun, removeOlderRuns } from './runs.ts';
import { topologyFile } from './service-commands.ts';

let data = '';
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'weir-runs-'));
});
afterAll(() => rm(data, { recursive: true, force: true }));

describe('runs of a data folder', () => {
  it('numbers every start and removes the folders and tables of older ones, nothing else', async () => {
    const first = await openRun(data);
    const second = await openRun(data);
    expect([first.name, second.name, second.older]).toEqual(['run-1', 'run-2', ['run-1']]);
    // A second start that fails, as the folder is in use, must not take the first one's topology away.
    expect(topologyFile(second.folders)).not.toBe(topologyFile(first.folders));

    await using cluster = await startCluster({ shards: 1 });
    await using weir = await connect({ seeds: cluster.seeds, clientId: 'runs-test' });
    const names = ['run-1/lr', 'run-2/lr', 'default/run-1'];
    for (const name of names) {
      await weir.tables.create({ name, dim: 1, optimizer: { kind: 'sum' }, initializer: { kind: 'zero' } });
    }
    await removeOlderRuns(second, weir);
    expect((await weir.tables.list()).map(({ spec }) => spec.name)).toEqual(['default/run-1', 'run-2/lr']);
    expect(await readdir(join(data, 'runs'))).toEqual(['run-2']);
    expect((await openRun(data)).name).toBe('run-3');
  });

  it('names a folder that cannot be used', async () => {
    const file = join(data, 'a-file');
    await writeFile(file, '');
    await expect(openRun(file)).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining('a-file'),
    });
  });
});
