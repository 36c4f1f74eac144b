// Entries of a cross: every combination of its parts' entries of one document. The key is `crossKey`'s, the
// weight the product of the parts' weights. A document that lacks a part has no entry.
import { fmix64, mixed } from '@weir/proto';
import type { EntryBuffer } from './entry-buffer.ts';

export interface CrossPart {
  /** The part's entries so far: `at` to `end`, in the order of the cross's documents. */
  at: number;
  readonly end: number;
  /** The part's entries count for every document. */
  readonly shared: boolean;
}

/** Adds the entries of one document; moves the parts behind it. */
export function addCross(
  buffer: EntryBuffer,
  parts: readonly CrossPart[],
  document: number,
  name: { readonly low: number; readonly high: number },
  feature: number,
): void {
  const ends = parts.map((part) => {
    if (part.shared) return part.end;
    let end = part.at;
    while (end < part.end && buffer.document[end] === document) end++;
    return end;
  });
  combine(0, name.low, name.high, 1);
  parts.forEach((part, i) => {
    if (!part.shared) part.at = ends[i]!;
  });

  function combine(depth: number, low: number, high: number, weight: number): void {
    if (depth === parts.length) {
      buffer.add(low, high, weight, document, feature);
      return;
    }
    for (let entry = parts[depth]!.at; entry < ends[depth]!; entry++) {
      fmix64((low ^ buffer.keys[2 * entry]!) >>> 0, (high ^ buffer.keys[2 * entry + 1]!) >>> 0);
      combine(depth + 1, mixed[0]!, mixed[1]!, weight * buffer.weights[entry]!);
    }
  }
}
