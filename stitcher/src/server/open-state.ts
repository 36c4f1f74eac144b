// Opens the stitcher's folder: one process at a time, under the settings that it was made with, and under a new
// generation, which fences every process before it.
import { mkdir } from 'node:fs/promises';
import { WeirError } from '@weir/proto';
import { openRocksStore, type Store, StoreError } from '@weir/store';
import type { JoinOptions } from '../core/join-options.ts';
import { FAMILIES, u64Bytes, u64Of } from './state-keys.ts';

const CONFIG_KEY = Buffer.from('config');
const GENERATION_KEY = Buffer.from('generation');

export async function openStateStore(folder: string): Promise<Store> {
  try {
    await mkdir(folder, { recursive: true });
    return await openRocksStore(folder, { families: FAMILIES });
  } catch (error) {
    if (!(error instanceof StoreError)) {
      throw new WeirError('CONFIGURATION', `--data ${folder}: ${(error as Error).message}`, { cause: error });
    }
    throw new WeirError(
      error.code === 'CORRUPT' ? 'CORRUPT' : 'CONFIGURATION',
      `--data ${folder}: ${error.message}`,
      {
        cause: error,
      },
    );
  }
}

/**
 * The new generation, stored.
 * @throws WeirError CONFIGURATION when open requests were stitched under other settings.
 */
export async function beginGeneration(
  store: Store,
  { plan, policy }: Pick<JoinOptions, 'plan' | 'policy'>,
  partitions: number,
): Promise<number> {
  const config = JSON.stringify({ policy, partitions, labels: plan.labels });
  const before = await store.get('meta', CONFIG_KEY);
  if (before !== undefined && Buffer.from(before).toString() !== config) {
    throw new WeirError(
      'CONFIGURATION',
      `the stitcher's folder was made with ${Buffer.from(before)}, not ${config}: its open requests have those windows; use the same settings or another folder`,
    );
  }
  const generationBytes = await store.get('meta', GENERATION_KEY);
  const generation = (generationBytes === undefined ? 0 : u64Of(generationBytes)) + 1;
  const batch = store.batch();
  batch.put('meta', CONFIG_KEY, Buffer.from(config));
  batch.put('meta', GENERATION_KEY, u64Bytes(generation));
  await store.write(batch);
  return generation;
}
