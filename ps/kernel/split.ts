// Batches split by stripe, before any stripe sees them.
import { fmix64, stripeOf } from './hash';
import { hashes, keys, places, values } from './scratch';

const STRIPES: u32 = 8;

/**
 * Sorts the keys in the scratch area by stripe, each stripe's in their order: writes their numbers to the scratch
 * area's words, and how many each stripe has to the beginning of its values.
 */
export function split(count: u32): void {
  const counts = values;
  memory.fill(counts, 0, 8 * STRIPES);
  for (let i: u32 = 0; i < count; i++) {
    const stripe = stripeOf(fmix64(load<u64>(keys + (i << 3))));
    store<u32>(hashes + (i << 2), stripe);
    store<u32>(counts + (stripe << 2), load<u32>(counts + (stripe << 2)) + 1);
  }
  const next = counts + 4 * STRIPES;
  for (let stripe: u32 = 1; stripe < STRIPES; stripe++) {
    const before = (stripe - 1) << 2;
    store<u32>(next + (stripe << 2), load<u32>(next + before) + load<u32>(counts + before));
  }
  for (let i: u32 = 0; i < count; i++) {
    const cursor = next + (load<u32>(hashes + (i << 2)) << 2);
    const at = load<u32>(cursor);
    store<u32>(cursor, at + 1);
    store<u32>(places + (at << 2), i);
  }
}
