// Copies of keys and rows between a caller's arrays and a stripe's scratch area. `order[from..to)` are the numbers of
// the stripe's keys in the caller's arrays; in the scratch area they stand in that order.
// Loops over components, since a copy by `set` or `subarray` costs more than a short row.
import type { PackedKeys } from '@weir/proto';

export function scatterKeys(
  order: Uint32Array,
  from: number,
  to: number,
  keys: PackedKeys,
  words: Uint32Array,
  at: number,
): void {
  let next = at;
  for (let i = from; i < to; i++) {
    const key = 2 * order[i]!;
    words[next++] = keys[key]!;
    words[next++] = keys[key + 1]!;
  }
}

/** One word a key, as a byte. */
export function gatherFlags(
  order: Uint32Array,
  from: number,
  to: number,
  words: Uint32Array,
  at: number,
  out: Uint8Array,
): void {
  let next = at;
  for (let i = from; i < to; i++) out[order[i]!] = words[next++]!;
}

export function scatterRows(
  order: Uint32Array,
  from: number,
  to: number,
  dim: number,
  values: Float32Array,
  floats: Float32Array,
  at: number,
): void {
  let next = at;
  for (let i = from; i < to; i++) {
    const row = order[i]! * dim;
    for (let j = row; j < row + dim; j++) floats[next++] = values[j]!;
  }
}

export function gatherRows(
  order: Uint32Array,
  from: number,
  to: number,
  dim: number,
  floats: Float32Array,
  at: number,
  out: Float32Array,
  outOffset: number,
): void {
  let next = at;
  for (let i = from; i < to; i++) {
    const row = outOffset + order[i]! * dim;
    for (let j = row; j < row + dim; j++) out[j] = floats[next++]!;
  }
}
