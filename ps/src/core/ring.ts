/** Points of each shard on the ring. */
export const POINTS_PER_SHARD = 1024;

/** Slot (0 to 1,023) -> index into `ids`. `ids`: stable shard ids, distinct. Their order changes indexes, never which id owns a slot. */
export function ringOf(_ids: readonly string[]): Uint16Array {
  throw new Error('not built yet');
}
