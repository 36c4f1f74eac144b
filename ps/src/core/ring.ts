// slot -> shard: a consistent-hash ring (ketama, MD5) over stable shard ids. Every process computes the same.
// Used at a topology change only; per key, slotOf and the resulting table are enough.
import { SLOT_COUNT } from '@weir/proto';
import HashRing from 'hashring';

/** Points of each shard on the ring. */
export const POINTS_PER_SHARD = 1024;
/** Ketama takes four points from one MD5. */
const POINTS_PER_HASH = 4;

/**
 * Slot (0 to 1,023) -> index into `ids`. `ids`: stable shard ids, distinct. Their order changes indexes, never
 * which id owns a slot. When an id comes or goes, only slots to or from it change their owner.
 */
export function ringOf(ids: readonly string[]): Uint16Array {
  // Sorted, because the library breaks ties between equal points by order of insertion. Points are given per
  // shard and not as the library's `vnode count`: it scales that by a rounded-down share of the total, so that
  // the points of unchanged shards would depend on the number of shards.
  const servers = Object.fromEntries(
    ids.toSorted().map((id) => [id, { vnodes: POINTS_PER_SHARD / POINTS_PER_HASH, weight: 1 }]),
  );
  const ring = new HashRing(servers, 'md5', { replicas: POINTS_PER_HASH });
  const indexes = new Map(ids.map((id, index) => [id, index]));
  if (indexes.size !== ids.length) throw new Error('shard ids must be distinct');
  const slots = new Uint16Array(SLOT_COUNT);
  for (let slot = 0; slot < SLOT_COUNT; slot++) slots[slot] = indexes.get(ring.get(`slot-${slot}`))!;
  return slots;
}
