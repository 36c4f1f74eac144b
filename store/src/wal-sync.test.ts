import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WalSync } from './wal-sync.ts';

describe('sync of the write-ahead log', () => {
  it('covers every file since the last call, the grown one included, and the folder when files changed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-wal-'));
    let current = 7;
    const wal = new WalSync(folder, async () => ({ number: current }));
    const log = (number: number): string => join(folder, `${String(number).padStart(6, '0')}.log`);
    try {
      await writeFile(log(4), 'older');
      await writeFile(log(7), 'newest');
      await writeFile(join(folder, '000005.sst'), 'a table');
      expect(await wal.sync()).toEqual({ files: [4, 7], directory: true });
      expect(await wal.sync()).toEqual({ files: [7], directory: false });
      // The engine goes on to new files and removes one of which it has flushed everything.
      await writeFile(log(9), 'between');
      await writeFile(log(11), 'newest');
      await rm(log(7));
      current = 11;
      expect(await wal.sync()).toEqual({ files: [7, 9, 11], directory: true });
      expect(await wal.sync()).toEqual({ files: [11], directory: false });
    } finally {
      await wal.close();
      await rm(folder, { recursive: true });
    }
  });
});
