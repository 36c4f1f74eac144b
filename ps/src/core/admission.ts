// Which updates of keys without a row make one. Decided when a push is taken, before it is logged, and the record says what
// came of it (ADR 0011): pages may be newer than a record, so a replay could not tell whether the key had a row then.
import { fmix64, KeyIndex, keyCount, mixed, type PackedKeys } from '@weir/proto';
import { AdmissionKind, type TableSpec } from '@weir/proto/v1/tables';
import type { CountSketch } from './count-sketch.ts';
import type { PushRecordPart } from './log-record.ts';

/** The table as it is when a push is taken. */
export interface AdmissionContext {
  readonly spec: TableSpec;
  /** Of a table that admits by count. */
  readonly sketch: CountSketch | undefined;
  /** Sets a flag to 1 for each key that has no row, and returns how many have none. */
  absent(keys: PackedKeys, flags: Uint8Array): number;
}

/**
 * The part with only those updates that apply: of keys that have a row, or get one. The others are in `counted` where a
 * sketch counts them. Of a key that comes twice, what comes after its admission applies.
 * @param draw a number of its own for each push: the position that it is about to get.
 */
export function admit(part: PushRecordPart, context: AdmissionContext, draw: number): PushRecordPart {
  const { spec, sketch } = context;
  const { keys } = part;
  if (spec.admission === undefined) return part;
  const flags = new Uint8Array(keyCount(keys));
  if (context.absent(keys, flags) === 0) return part;
  const { kind, count, probability } = spec.admission;
  const byCount = kind === AdmissionKind.COUNT;
  const held = byCount
    ? heldByCount(keys, flags, count, sketch)
    : heldByChance(keys, flags, probability, spec.seed, draw);
  return held === 0 ? part : split(part, flags, held, spec.dim, byCount);
}

/** Clears the flags of admitted keys. Returns how many stay. */
function heldByCount(
  keys: PackedKeys,
  flags: Uint8Array,
  count: number,
  sketch: CountSketch | undefined,
): number {
  const seen = new KeyIndex();
  const times: number[] = [];
  let held = 0;
  for (let i = 0; i < flags.length; i++) {
    if (flags[i] === 0) continue;
    const low = keys[2 * i]!;
    const high = keys[2 * i + 1]!;
    const number = seen.insert(low, high);
    const earlier = times[number] ?? 0;
    times[number] = earlier + 1;
    if ((sketch?.estimate(low, high) ?? 0) + earlier + 1 >= count) flags[i] = 0;
    else held++;
  }
  return held;
}

function heldByChance(
  keys: PackedKeys,
  flags: Uint8Array,
  probability: number,
  seed: number,
  draw: number,
): number {
  const admitted = new KeyIndex();
  let held = 0;
  for (let i = 0; i < flags.length; i++) {
    if (flags[i] === 0) continue;
    const low = keys[2 * i]!;
    const high = keys[2 * i + 1]!;
    if (admitted.find(low, high) >= 0) flags[i] = 0;
    else if (uniform(seed, low, high, draw, i) < probability) {
      admitted.insert(low, high);
      flags[i] = 0;
    } else held++;
  }
  return held;
}

/** Uniform in [0, 1), of 53 bits: fmix64 over the table's seed and the key, then over that, the draw and the index. */
function uniform(seed: number, low: number, high: number, draw: number, index: number): number {
  fmix64((low ^ seed) >>> 0, (high ^ (seed / 2 ** 32)) >>> 0);
  const place = Math.imul(index + 1, 0x9e3779b1);
  fmix64((mixed[0]! ^ draw) >>> 0, (mixed[1]! ^ (draw / 2 ** 32) ^ place) >>> 0);
  return (mixed[1]! * 2 ** 21 + (mixed[0]! >>> 11)) / 2 ** 53;
}

function split(
  part: PushRecordPart,
  flags: Uint8Array,
  held: number,
  dim: number,
  counts: boolean,
): PushRecordPart {
  const kept = flags.length - held;
  const keys = new Uint32Array(2 * kept);
  const values = new Float32Array(kept * dim);
  const counted = new Uint32Array(counts ? 2 * held : 0);
  let to = 0;
  let heldTo = 0;
  for (let i = 0; i < flags.length; i++) {
    const low = part.keys[2 * i]!;
    const high = part.keys[2 * i + 1]!;
    if (flags[i] === 0) {
      keys[2 * to] = low;
      keys[2 * to + 1] = high;
      values.set(part.values.subarray(i * dim, (i + 1) * dim), to * dim);
      to++;
    } else if (counts) {
      counted[heldTo++] = low;
      counted[heldTo++] = high;
    }
  }
  return { tableUid: part.tableUid, keys, values, counted };
}
