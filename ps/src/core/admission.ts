// Which updates of keys without a row make one. Decided when a push is taken, before it is logged, and the record says what
// came of it (ADR 0012): pages may be newer than a record, so a replay could not tell whether the key had a row then.
import { fmix64, KeyIndex, keyCount, mixed, type PackedKeys } from '@weir/proto';
import { AdmissionKind, type TableSpec } from '@weir/proto/v1/tables';
import type { CountSketch } from './count-sketch.ts';
import type { PushRecordPart } from './log-record.ts';
import { STEP_VALUES, type Steps } from './steps.ts';

/** A key costs a look-up and a hash, about as much as copying a few values. */
const STEP_KEYS = STEP_VALUES / 16;

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
export function* admitting(
  part: PushRecordPart,
  context: AdmissionContext,
  draw: number,
): Steps<PushRecordPart> {
  const { spec } = context;
  const { keys } = part;
  if (spec.admission === undefined) return part;
  const admits =
    spec.admission.kind === AdmissionKind.COUNT
      ? byCount(spec.admission.count, context.sketch)
      : byChance(spec.admission.probability, spec.seed, draw);
  const held = new Uint8Array(keyCount(keys));
  let heldKeys = 0;
  for (let from = 0; from < held.length; from += STEP_KEYS) {
    if (from > 0) yield;
    const to = Math.min(held.length, from + STEP_KEYS);
    if (context.absent(keys.subarray(2 * from, 2 * to), held.subarray(from, to)) === 0) continue;
    for (let i = from; i < to; i++) {
      if (held[i] === 0) continue;
      if (admits(keys[2 * i]!, keys[2 * i + 1]!, i)) held[i] = 0;
      else heldKeys++;
    }
  }
  if (heldKeys === 0) return part;
  yield;
  return yield* splitting(part, held, heldKeys, spec);
}

/** Whether an update of a key without a row makes one; `index`: of the key in its push. */
type Admits = (low: number, high: number, index: number) => boolean;

function byCount(count: number, sketch: CountSketch | undefined): Admits {
  const seen = new KeyIndex();
  const times: number[] = [];
  return (low, high) => {
    const number = seen.insert(low, high);
    const earlier = times[number] ?? 0;
    times[number] = earlier + 1;
    return (sketch?.estimate(low, high) ?? 0) + earlier + 1 >= count;
  };
}

function byChance(probability: number, seed: number, draw: number): Admits {
  const admitted = new KeyIndex();
  return (low, high, index) => {
    if (admitted.find(low, high) >= 0) return true;
    if (uniform(seed, low, high, draw, index) >= probability) return false;
    admitted.insert(low, high);
    return true;
  };
}

/** Uniform in [0, 1), of 53 bits: fmix64 over the table's seed and the key, then over that, the draw and the index. */
function uniform(seed: number, low: number, high: number, draw: number, index: number): number {
  fmix64((low ^ seed) >>> 0, (high ^ (seed / 2 ** 32)) >>> 0);
  const place = Math.imul(index + 1, 0x9e3779b1);
  fmix64((mixed[0]! ^ draw) >>> 0, (mixed[1]! ^ (draw / 2 ** 32) ^ place) >>> 0);
  return (mixed[1]! * 2 ** 21 + (mixed[0]! >>> 11)) / 2 ** 53;
}

function* splitting(
  part: PushRecordPart,
  held: Uint8Array,
  heldKeys: number,
  { dim, admission }: TableSpec,
): Steps<PushRecordPart> {
  const counts = admission?.kind === AdmissionKind.COUNT;
  const keys = new Uint32Array(2 * (held.length - heldKeys));
  const values = new Float32Array((held.length - heldKeys) * dim);
  const counted = new Uint32Array(counts ? 2 * heldKeys : 0);
  let kept = 0;
  let countedTo = 0;
  for (let i = 0; i < held.length; i++) {
    if (i % STEP_KEYS === STEP_KEYS - 1) yield;
    const low = part.keys[2 * i]!;
    const high = part.keys[2 * i + 1]!;
    if (held[i] === 0) {
      keys[2 * kept] = low;
      keys[2 * kept + 1] = high;
      for (let j = 0; j < dim; j++) values[kept * dim + j] = part.values[i * dim + j]!;
      kept++;
    } else if (counts) {
      counted[countedTo++] = low;
      counted[countedTo++] = high;
    }
  }
  return { tableUid: part.tableUid, keys, values, counted };
}
