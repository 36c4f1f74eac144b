import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openRocksStore } from './index.ts';

it.runIf(process.platform === 'linux')('the threads that write tables yield to the others', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-priority-'));
  const store = await openRocksStore(folder, { families: ['rows'] });
  const priorities: number[] = [];
  for (const id of await readdir('/proc/self/task')) {
    const name = await readFile(`/proc/self/task/${id}/comm`, 'utf8');
    if (name.startsWith('rocksdb:')) priorities.push(getPriority(Number(id)) - getPriority());
  }
  expect(priorities.length).toBeGreaterThan(0);
  for (const priority of priorities) expect(priority).toBeGreaterThan(0);
  await store.close();
  await rm(folder, { recursive: true });
});
