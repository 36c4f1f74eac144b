// Every open of the log starts an incarnation of it, with its first position: what a subscriber's cursor is worth
// depends on it.
import { randomUUID } from 'node:crypto';
import { WeirError } from '@weir/proto';
import type { Store } from '@weir/store';
import { z } from 'zod';
import { INCARNATIONS_MAX } from '../limits.ts';
import { fromJson, INCARNATIONS_KEY, META, toJson } from './families.ts';

const schema = z.array(z.object({ id: z.string().min(1), firstSeq: z.int().min(1) }));

/** Starts, and stores, the incarnation in which `firstSeq` is the first position. @throws WeirError CORRUPT. */
export async function beginIncarnation(store: Store, firstSeq: number): Promise<string> {
  const stored = await store.get(META, INCARNATIONS_KEY);
  const earlier = schema.safeParse(stored === undefined ? [] : parsed(stored));
  if (!earlier.success) {
    throw new WeirError('CORRUPT', "the log's incarnations cannot be read; restore the folder from a copy");
  }
  const id = randomUUID();
  const all = [...earlier.data, { id, firstSeq }].slice(-INCARNATIONS_MAX);
  await store.write(store.batch().put(META, INCARNATIONS_KEY, toJson(all)));
  return id;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return fromJson(bytes);
  } catch {
    return undefined;
  }
}
