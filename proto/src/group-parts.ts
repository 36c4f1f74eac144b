// What members contribute at a barrier: types of values and how they are reduced, by name and as on the wire.
import { GroupPartType, GroupReduce } from './gen/weir/v1/groups.ts';

const TYPES = {
  f32: GroupPartType.F32,
  f64: GroupPartType.F64,
  u64: GroupPartType.U64,
  bytes: GroupPartType.BYTES,
} as const;

const REDUCTIONS = {
  sum: GroupReduce.SUM,
  mean: GroupReduce.MEAN,
  max: GroupReduce.MAX,
  first: GroupReduce.FIRST,
  concat: GroupReduce.CONCAT,
} as const;

export type PartType = keyof typeof TYPES;

/**
 * Over the members in the order of their names. `sum`, `mean` and `max` go value by value and want equally many of
 * each member, `first` is the first member's value, `concat` all values one after the other. Sums and means of f32 are
 * computed in f64 and rounded once; the mean of u64 is rounded down.
 */
export type PartReduce = keyof typeof REDUCTIONS;

/** Bytes of one value. */
export const VALUE_BYTES: Readonly<Record<PartType, number>> = { f32: 4, f64: 8, u64: 8, bytes: 1 };

export function encodePartType(type: PartType): GroupPartType {
  return TYPES[type];
}

export function encodePartReduce(reduce: PartReduce): GroupReduce {
  return REDUCTIONS[reduce];
}

/** Undefined for what this version does not know. */
export function decodePartType(type: GroupPartType): PartType | undefined {
  return nameOf(TYPES, type);
}

/** Undefined for what this version does not know. */
export function decodePartReduce(reduce: GroupReduce): PartReduce | undefined {
  return nameOf(REDUCTIONS, reduce);
}

/** Whether the reduction has a meaning for the type: bytes are no numbers. */
export function canReduce(type: PartType, reduce: PartReduce): boolean {
  return type !== 'bytes' || reduce === 'first' || reduce === 'concat';
}

export function isPartType(text: string): text is PartType {
  return Object.hasOwn(TYPES, text);
}

export function isPartReduce(text: string): text is PartReduce {
  return Object.hasOwn(REDUCTIONS, text);
}

function nameOf<Name extends string>(names: Readonly<Record<Name, number>>, value: number): Name | undefined {
  return (Object.keys(names) as Name[]).find((name) => names[name] === value);
}
