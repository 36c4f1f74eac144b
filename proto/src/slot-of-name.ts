// Names that have a home: groups, and tables while they are made.
import { xxHash64 } from './hash.ts';
import { slotOf } from './slots.ts';

/** The slot of a name: that of xxHash64 of its UTF-8 bytes as the key. */
export function slotOfName(name: string): number {
  const hash = xxHash64(name);
  return slotOf(Number(hash & 0xffff_ffffn), Number(hash >> 32n));
}
