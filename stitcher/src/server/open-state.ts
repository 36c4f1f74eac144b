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

/** What the state depends on, as text: it must not change under open requests. */
export function stateSettings(
  { plan, policy }: Pick<JoinOptions, 'plan' | 'policy'>,
  partitions: number,
): string {
  return JSON.stringify({ policy, partitions, labels: plan.labels });
}

/**
 * The new generation of a folder that is the state, stored.
 * @throws WeirError CONFIGURATION when open requests were stitched under other settings.
 */
export async function beginGeneration(store: Store, settings: string): Promise<number> {
  await claimFolder(store, settings);
  const generationBytes = await store.get('meta', GENERATION_KEY);
  const generation = (generationBytes === undefined ? 0 : u64Of(generationBytes)) + 1;
  const batch = store.batch();
  batch.put('meta', GENERATION_KEY, u64Bytes(generation));
  await store.write(batch);
  return generation;
}

/**
 * Settings come with what the folder is, so that none is taken for the other: the state itself, or a member's copy.
 * @throws WeirError CONFIGURATION when it was made under others.
 */
export async function claimFolder(store: Store, settings: string): Promise<void> {
  const before = await store.get('meta', CONFIG_KEY);
  if (before !== undefined && Buffer.from(before).toString() !== settings) {
    throw new WeirError(
      'CONFIGURATION',
      `the stitcher's folder was made with ${Buffer.from(before)}, not ${settings}: its open requests have those windows; use the same settings or another folder`,
    );
  }
  const batch = store.batch();
  batch.put('meta', CONFIG_KEY, Buffer.from(settings));
  await store.write(batch);
}
