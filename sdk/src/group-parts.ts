// What a member gives to a barrier, as typed arrays, and as it goes over the wire.
import {
  bytesOf,
  canReduce,
  encodePartReduce,
  encodePartType,
  GROUP_FRAME_BYTES,
  GROUP_PARTS_MAX,
  GROUP_PAYLOAD_BYTES_MAX,
  isPartReduce,
  isPartType,
  type PartReduce,
  type PartType,
  WeirError,
} from '@weir/proto';
import type { GroupPart as PartMessage } from '@weir/proto/v1/groups';

/** Values by type: f32 `Float32Array`, f64 `Float64Array`, u64 `BigUint64Array`, bytes `Uint8Array`. */
export type PartValue = Float32Array | Float64Array | BigUint64Array | Uint8Array;

/** One named value of a contribution to a barrier; 64 MiB over all parts at most. */
export interface GroupPart {
  /** Unique in the contribution. */
  readonly name: string;
  /** Says which kind of array `value` is; see `PartValue`. */
  readonly type: PartType;
  /**
   * Over the members in the order of their names; all members give the same parts. `sum`, `mean`, `max`: value by value,
   * all of the same length. `first`: the value of the first member. `concat`: all values, one after the other.
   */
  readonly reduce: PartReduce;
  /** Finite numbers. Not to be changed before the call has ended. */
  readonly value: PartValue;
}

export interface EncodedParts {
  readonly parts: PartMessage[];
  /** Frames' worth of bytes: views of the values where they are large. */
  readonly frames: readonly Uint8Array[];
}

/** @throws WeirError INVALID_ARGUMENT naming the part. */
export function encodeParts(parts: readonly GroupPart[], what: string): EncodedParts {
  const fail = (why: string): never => {
    throw new WeirError('INVALID_ARGUMENT', `${what}: ${why}`);
  };
  if (parts.length > GROUP_PARTS_MAX)
    fail(`${parts.length} parts; a contribution has at most ${GROUP_PARTS_MAX}`);
  const names = new Set<string>();
  let total = 0;
  const messages = parts.map(({ name, type, reduce, value }) => {
    if (names.has(name)) fail(`part ${name} stands twice`);
    names.add(name);
    if (!isPartType(type)) fail(`part ${name}: there is no type ${String(type)}`);
    if (!isPartReduce(reduce)) fail(`part ${name}: there is no reduction ${String(reduce)}`);
    if (!canReduce(type, reduce)) fail(`part ${name}: ${type} cannot be reduced by ${reduce}`);
    if (!(value instanceof ARRAYS[type])) fail(`part ${name}: ${type} wants a ${ARRAYS[type].name}`);
    total += value.byteLength;
    return { name, type: encodePartType(type), reduce: encodePartReduce(reduce), bytes: value.byteLength };
  });
  if (total > GROUP_PAYLOAD_BYTES_MAX) {
    fail(`${total} bytes; a member contributes at most ${GROUP_PAYLOAD_BYTES_MAX} to a step`);
  }
  return {
    parts: messages,
    frames: framesOf(
      parts.map(({ value }) => bytesOf(value)),
      total,
    ),
  };
}

function framesOf(values: readonly Uint8Array[], total: number): Uint8Array[] {
  if (total === 0) return [];
  if (total <= GROUP_FRAME_BYTES) return [values.length === 1 ? values[0]! : Buffer.concat(values)];
  return values.flatMap((value) => {
    const frames: Uint8Array[] = [];
    for (let at = 0; at < value.length; at += GROUP_FRAME_BYTES)
      frames.push(value.subarray(at, at + GROUP_FRAME_BYTES));
    return frames;
  });
}

const ARRAYS = { f32: Float32Array, f64: Float64Array, u64: BigUint64Array, bytes: Uint8Array };
