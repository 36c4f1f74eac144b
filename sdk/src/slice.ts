// Cutting a request by shard: a counting sort of keys by the shard that owns their slot. Pure.
import { keyCount, type PackedKeys, slotOf } from '@weir/proto';
import type { RoutingTable } from './routing.ts';

/** The part of a request that one shard answers. */
export interface Slice {
  /** Index into the routing table's shards. */
  readonly shard: number;
  /** A view of the request's keys where one shard has them all. */
  readonly keys: PackedKeys;
  /** Where each key stands in the request, ascending; undefined: the slice is the request. */
  readonly positions: Uint32Array | undefined;
}

/**
 * Cuts keys by owning shard. Each position occurs in exactly one slice, in the order of the request; shards
 * without a key have no slice; slices are in the order of shards.
 */
export function slice(keys: PackedKeys, routing: Pick<RoutingTable, 'shards' | 'slots'>): Slice[] {
  const count = keyCount(keys);
  const { slots } = routing;
  const shards = routing.shards.length;
  if (shards === 1) return count === 0 ? [] : [{ shard: 0, keys, positions: undefined }];
  const shardOf = new Uint16Array(count);
  const next = new Uint32Array(shards + 1);
  for (let i = 0; i < count; i++) {
    const shard = slots[slotOf(keys[2 * i]!, keys[2 * i + 1]!)]!;
    shardOf[i] = shard;
    next[shard + 1]!++;
  }
  // next[s] becomes the first place of shard s, and while placing moves to the first place of shard s + 1.
  for (let shard = 1; shard <= shards; shard++) next[shard]! += next[shard - 1]!;
  const sorted = new Uint32Array(count * 2);
  const positions = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const place = next[shardOf[i]!]!++;
    positions[place] = i;
    sorted[2 * place] = keys[2 * i]!;
    sorted[2 * place + 1] = keys[2 * i + 1]!;
  }
  const slices: Slice[] = [];
  for (let shard = 0, start = 0; shard < shards; shard++) {
    const end = next[shard]!;
    if (end > start) {
      slices.push({
        shard,
        keys: sorted.subarray(2 * start, 2 * end),
        positions: positions.subarray(start, end),
      });
    }
    start = end;
  }
  return slices;
}

/** Up to this many values a plain loop beats a view and a block copy. */
const LOOP_DIM_MAX = 32;

/** Copies row `positions[i]` of `from` to row i of `to`, for as many rows as there are positions. */
export function gatherRows(from: Float32Array, positions: Uint32Array, dim: number, to: Float32Array): void {
  for (let i = 0; i < positions.length; i++) copyRow(from, positions[i]!, to, i, dim);
}

/** Copies row i of `from` to row `positions[i]` of `to`. */
export function scatterRows(from: Float32Array, positions: Uint32Array, dim: number, to: Float32Array): void {
  for (let i = 0; i < positions.length; i++) copyRow(from, i, to, positions[i]!, dim);
}

/**
 * `inner[i]` counts within a slice, `outer` maps the slice to the request: the slice's slice in the request. One that
 * is undefined maps every place to itself.
 */
export function composePositions(inner: Uint32Array, outer: Uint32Array | undefined): Uint32Array;
export function composePositions(
  inner: Uint32Array | undefined,
  outer: Uint32Array | undefined,
): Uint32Array | undefined;
export function composePositions(
  inner: Uint32Array | undefined,
  outer: Uint32Array | undefined,
): Uint32Array | undefined {
  if (inner === undefined || outer === undefined) return inner ?? outer;
  const composed = new Uint32Array(inner.length);
  for (let i = 0; i < inner.length; i++) composed[i] = outer[inner[i]!]!;
  return composed;
}

function copyRow(from: Float32Array, fromRow: number, to: Float32Array, toRow: number, dim: number): void {
  const start = fromRow * dim;
  const target = toRow * dim;
  if (dim <= LOOP_DIM_MAX) {
    for (let j = 0; j < dim; j++) to[target + j] = from[start + j]!;
  } else {
    to.set(from.subarray(start, start + dim), target);
  }
}
