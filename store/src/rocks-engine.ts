// The engine opened as the store wants it: so that damage in the middle of its log is an error and only a torn tail, which was never
// acknowledged, is cut off.
import type RocksDB from 'rocksdb-native';
import type { ColumnFamily } from 'rocksdb-native';
import { lowerBackgroundPriority } from './background-priority.ts';
import {
  ARCHIVE_BLOCK_BYTES,
  ARCHIVE_BUFFER_BYTES,
  ARCHIVE_FILTER_BITS,
  BACKGROUND_JOBS,
  QUEUE_BUFFER_BYTES,
  WRITE_BUFFER_BYTES,
} from './limits.ts';
import { DEFAULT_FAMILY, engineFamilies, halvesOf } from './queue-halves.ts';
import { loadError, rocksError } from './rocks-error.ts';
import type { StoreOptions } from './store.ts';
import { StoreError } from './store-error.ts';
import { damagedRecord, damagedTail, damageText, type WalDamage } from './wal-check.ts';

/** @throws StoreError LOCKED, CORRUPT, LIBRARY_MISSING, FAILED. */
export async function openEngine(
  folder: string,
  { families, queues = [], archives = [], readOnly = false }: StoreOptions,
): Promise<RocksDB> {
  const engine = await loadEngine();
  const tail = await damagedTail(folder);
  if (tail !== undefined) throw damagedLog(folder, tail);
  const halves = queues.flatMap(halvesOf);
  const database = new engine(folder, {
    columnFamilies: engineFamilies(families, queues)
      .filter((family) => family !== DEFAULT_FAMILY)
      .map((family) => {
        if (halves.includes(family)) return queueFamily(engine, family);
        return archives.includes(family) ? archiveFamily(engine, family) : family;
      }),
    readOnly,
    walRecoveryMode: engine.constants.walRecoveryMode.TOLERATE_CORRUPTED_TAIL_RECORDS,
    maxBackgroundJobs: BACKGROUND_JOBS,
    writeBufferSize: WRITE_BUFFER_BYTES,
  });
  try {
    await database.ready();
    await lowerBackgroundPriority();
  } catch (error) {
    const failure = rocksError(`open ${folder}`, error);
    const record = failure.code === 'CORRUPT' ? await damagedRecord(folder) : undefined;
    throw record === undefined ? failure : damagedLog(folder, record, failure);
  }
  return database;
}

function damagedLog(folder: string, damage: WalDamage, cause?: unknown): StoreError {
  return new StoreError('CORRUPT', `cannot open ${folder}: ${damageText(damage)}`, cause);
}

function queueFamily(engine: typeof RocksDB, name: string): ColumnFamily {
  return new engine.ColumnFamily(name, { writeBufferSize: QUEUE_BUFFER_BYTES });
}

/**
 * Without a cache of blocks, for it would hold what was just read and is not read again soon; indexes and filters are held
 * either way.
 */
function archiveFamily(engine: typeof RocksDB, name: string): ColumnFamily {
  return new engine.ColumnFamily(name, {
    writeBufferSize: ARCHIVE_BUFFER_BYTES,
    blockCache: false,
    tableCacheIndexAndFilterBlocks: false,
    tableBlockSize: ARCHIVE_BLOCK_BYTES,
    filterPolicy: new engine.BloomFilterPolicy(ARCHIVE_FILTER_BITS),
  });
}

/** Loaded at the first opening: who stays in memory needs no native library. */
async function loadEngine(): Promise<typeof RocksDB> {
  try {
    return (await import('rocksdb-native')).default;
  } catch (error) {
    throw loadError(error);
  }
}
