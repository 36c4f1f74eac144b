// The reduction of a barrier: contributions of all members, in the order given, to one value for each part. Pure, and the
// same to the bit wherever it runs: f32 sums and means are computed in f64, member after member, and rounded once.
import { bytesOf, type PartReduce, type PartType, WeirError } from '@weir/proto';
import { allFinite } from './finite.ts';
import { STEP_VALUES, type Steps } from './steps.ts';

export interface PartSpec {
  readonly name: string;
  readonly type: PartType;
  readonly reduce: PartReduce;
  /** Bytes of the value. */
  readonly bytes: number;
}

export interface Contribution {
  readonly parts: readonly PartSpec[];
  /** Parallel to `parts`; each begins at a multiple of 8 of its memory. */
  readonly values: readonly Uint8Array[];
}

export interface ReducedPart extends PartSpec {
  readonly value: Uint8Array;
  /** With concat: the bytes of each member. */
  readonly memberBytes: readonly number[];
}

/** Values that are reduced between two looks of the loop at its step. */
const BLOCK_VALUES = 8_192;

/**
 * @param contributions at least one; parts of the same specs, and for sum, mean and max of the same sizes.
 * @throws WeirError NOT_FINITE when a sum or mean leaves the range of its type, INVALID_ARGUMENT when a sum of u64 does.
 */
export function* reduceParts(contributions: readonly Contribution[]): Steps<ReducedPart[]> {
  const reduced: ReducedPart[] = [];
  for (const [i, spec] of contributions[0]!.parts.entries()) {
    const values = contributions.map((contribution) => contribution.values[i]!);
    const memberBytes = spec.reduce === 'concat' ? values.map(({ length }) => length) : [];
    const value = yield* reducePart(spec, values);
    reduced.push({ ...spec, bytes: value.length, value, memberBytes });
  }
  return reduced;
}

function* reducePart(spec: PartSpec, values: readonly Uint8Array[]): Steps<Uint8Array> {
  if (spec.reduce === 'first') return values[0]!;
  if (spec.reduce === 'concat') return yield* concatenated(values);
  switch (spec.type) {
    case 'f32':
      return yield* combineFloats(spec, values.map(asF32), new Float32Array(spec.bytes / 4));
    case 'f64':
      return yield* combineFloats(spec, values.map(asF64), new Float64Array(spec.bytes / 8));
    case 'u64':
      return yield* combineIntegers(spec, values.map(asU64), new BigUint64Array(spec.bytes / 8));
    case 'bytes':
      throw new TypeError(`part ${spec.name}: bytes cannot be reduced by ${spec.reduce}`);
  }
}

function* concatenated(values: readonly Uint8Array[]): Steps<Uint8Array> {
  const out = new Uint8Array(values.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const value of values) {
    for (let from = 0; from < value.length; from += 8 * STEP_VALUES) {
      const piece = value.subarray(from, from + 8 * STEP_VALUES);
      out.set(piece, at);
      at += piece.length;
      yield;
    }
  }
  return out;
}

function* combineFloats<Floats extends Float32Array | Float64Array>(
  spec: PartSpec,
  members: readonly Floats[],
  out: Floats,
): Steps<Uint8Array> {
  const block = new Float64Array(Math.min(BLOCK_VALUES, out.length));
  for (let from = 0; from < out.length; from += BLOCK_VALUES) {
    const count = Math.min(BLOCK_VALUES, out.length - from);
    const of = (member: Floats): Floats => member.subarray(from, from + count) as Floats;
    const [total, rounded] = [block.subarray(0, count), of(out)];
    if (spec.reduce === 'max') largest(total, members.map(of));
    else sum(total, members.map(of));
    divided(rounded, total, spec.reduce === 'mean' ? members.length : 1);
    if (!allFinite(rounded)) {
      const index = rounded.findIndex((value) => !Number.isFinite(value));
      throw overflow('NOT_FINITE', spec, from + index);
    }
    yield;
  }
  return bytesOf(out);
}

function largest(total: Float64Array, members: readonly (Float32Array | Float64Array)[]): void {
  const { length } = total;
  total.set(members[0]!);
  for (const member of members.slice(1)) {
    for (let i = 0; i < length; i++) if (member[i]! > total[i]!) total[i] = member[i]!;
  }
}

/** Member after member, but four at a time: so totals are read and written a quarter as often. */
function sum<Floats extends Float32Array | Float64Array>(
  total: Float64Array,
  members: readonly Floats[],
): void {
  const nothing = members.length % 4 === 0 ? members[0]! : (members[0]!.slice().fill(-0) as Floats);
  total.fill(-0);
  for (let m = 0; m < members.length; m += 4) {
    add(total, members[m]!, members[m + 1] ?? nothing, members[m + 2] ?? nothing, members[m + 3] ?? nothing);
  }
}

function add<Floats extends Float32Array | Float64Array>(
  total: Float64Array,
  a: Floats,
  b: Floats,
  c: Floats,
  d: Floats,
): void {
  const { length } = total;
  for (let i = 0; i < length; i++) total[i] = total[i]! + a[i]! + b[i]! + c[i]! + d[i]!;
}

function divided(out: Float32Array | Float64Array, total: Float64Array, by: number): void {
  const { length } = total;
  for (let i = 0; i < length; i++) out[i] = total[i]! / by;
}

function* combineIntegers(
  spec: PartSpec,
  members: readonly BigUint64Array[],
  out: BigUint64Array,
): Steps<Uint8Array> {
  const count = BigInt(members.length);
  for (let i = 0; i < out.length; i++) {
    let value = members[0]![i]!;
    for (let m = 1; m < members.length; m++) {
      const other = members[m]![i]!;
      if (spec.reduce !== 'max') value += other;
      else if (other > value) value = other;
    }
    if (spec.reduce === 'mean') value /= count;
    if (value >= 2n ** 64n) throw overflow('INVALID_ARGUMENT', spec, i);
    out[i] = value;
    if (i % (BLOCK_VALUES / members.length) < 1) yield;
  }
  return bytesOf(out);
}

function overflow(code: 'NOT_FINITE' | 'INVALID_ARGUMENT', spec: PartSpec, index: number): WeirError {
  const message = `part ${spec.name}: the ${spec.reduce} of value ${index} does not fit ${spec.type}; the step is not completed`;
  return new WeirError(code, message, { keyIndex: index });
}

const asF32 = (bytes: Uint8Array): Float32Array =>
  new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
const asF64 = (bytes: Uint8Array): Float64Array =>
  new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
const asU64 = (bytes: Uint8Array): BigUint64Array =>
  new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
