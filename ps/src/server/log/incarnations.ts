// Every open of the log starts an incarnation of it, with its first position: what a subscriber's cursor is worth
// depends on it.
import { randomUUID } from 'node:crypto';
import { WeirError } from '@weir/proto';
import type { Store } from '@weir/store';
import { z } from 'zod';
import { INCARNATIONS_MAX } from '../../limits.ts';
import { fromJson, INCARNATIONS_KEY, META, toJson } from '../folder/families.ts';

const schema = z.array(z.object({ id: z.string().min(1), firstSeq: z.int().min(1) }));

export interface Incarnation {
  readonly id: string;
  /** Position of its first record. */
  readonly firstSeq: number;
}

/**
 * Starts, and stores, the incarnation in which `firstSeq` is the first position.
 * @returns all that are remembered, oldest first; the last one is the new one.
 * @throws WeirError CORRUPT.
 */
export async function beginIncarnation(store: Store, firstSeq: number): Promise<readonly Incarnation[]> {
  const stored = await store.get(META, INCARNATIONS_KEY);
  const earlier = schema.safeParse(stored === undefined ? [] : parsed(stored));
  if (!earlier.success) {
    throw new WeirError('CORRUPT', "the log's incarnations cannot be read; restore the folder from a copy");
  }
  const all = [...earlier.data, { id: randomUUID(), firstSeq }].slice(-INCARNATIONS_MAX);
  await store.write(store.batch().put(META, INCARNATIONS_KEY, toJson(all)));
  return all;
}

/**
 * The highest position of the incarnation that stands in the log to this day; what it showed above, a crash took back.
 * Undefined for one that is not remembered.
 */
export function lastSeqOf(incarnations: readonly Incarnation[], id: string): number | undefined {
  const at = incarnations.findIndex((incarnation) => incarnation.id === id);
  if (at < 0) return undefined;
  const next = incarnations[at + 1];
  return next === undefined ? Number.POSITIVE_INFINITY : next.firstSeq - 1;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return fromJson(bytes);
  } catch {
    return undefined;
  }
}
