// After a failed write the engine takes no other, whatever the disk does, until it is opened anew. This closes it and opens it
// again. What holds then: every write that was acknowledged is there, and the one that failed is not, though all or a part of it may
// have reached the log.
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type RocksDB from 'rocksdb-native';
import { rocksError } from './rocks-error.ts';
import { StoreError } from './store-error.ts';
import { cutLogBehind } from './wal-cut.ts';

/** Whether the disk takes writes: looked at apart from the engine, which would not try. */
export async function takesWrites(folder: string): Promise<boolean> {
  const path = join(folder, 'probe');
  try {
    const file = await open(path, 'w');
    try {
      await file.write(new Uint8Array(4_096));
      await file.sync();
    } finally {
      await file.close();
    }
    return true;
  } catch {
    return false;
  } finally {
    await rm(path, { force: true }).catch(() => undefined);
  }
}

/**
 * The number of the last change that readers see, which is the last one acknowledged: the engine counts changes.
 * Without snapshots and iterations, and without a write under way.
 */
export async function lastChange(database: RocksDB): Promise<number> {
  const snapshot = database.snapshot();
  try {
    const count = await database.getProperty('rocksdb.num-snapshots');
    if (Number(count) !== 1) throw new StoreError('FAILED', `${String(count)} snapshots are open, not one`);
    const number = Number(await database.getProperty('rocksdb.oldest-snapshot-sequence'));
    if (Number.isSafeInteger(number)) return number;
    throw new StoreError('FAILED', 'the engine does not number its changes');
  } finally {
    await snapshot.close();
  }
}

/**
 * @param change the last one that was acknowledged, before the engine was closed.
 * @throws StoreError CORRUPT when it is not the last one now.
 */
export async function openAgain(
  folder: string,
  change: number,
  openEngine: () => Promise<RocksDB>,
): Promise<RocksDB> {
  try {
    await cutLogBehind(folder, change);
  } catch (error) {
    throw new StoreError('FAILED', `cannot cut the log of ${folder}: ${String(error)}`, error);
  }
  const database = await openEngine();
  try {
    const found = await lastChange(database);
    if (found === change) return database;
    const message = `${folder} was opened again after a disk error: its last change is ${found}, not ${change} as before`;
    throw new StoreError('CORRUPT', `${message}; restore it from a copy`);
  } catch (error) {
    await database.close({ force: true }).catch(() => undefined);
    throw error;
  }
}

export async function closeEngine(folder: string, database: RocksDB): Promise<void> {
  try {
    await database.close({ force: true });
  } catch (error) {
    throw rocksError(`close ${folder}`, error);
  }
}
