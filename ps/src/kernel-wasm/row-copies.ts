// Copies of flags between a stripe's scratch area and a caller's array. `order[from..to)` are the numbers of the stripe's keys
// in that array; in the scratch area they stand in that order. Keys and rows are copied by stripe-instance.ts.

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
