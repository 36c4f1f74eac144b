// A push as its shards will see it: split by shard, measured, cut into frames. Pure.
import { bytesOf, FRAME_BYTES, KEY_BYTES, type PackedKeys, PUSH_BYTES_MAX, WeirError } from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import type { PushPart } from '@weir/proto/v1/parameter_server';
import type { RoutingTable } from './routing.ts';
import { composePositions, gatherRows, slice } from './slice.ts';
import type { TableRef } from './table-ref.ts';

/** Rows of one table. */
export interface TableRows {
  readonly table: TableRef;
  readonly keys: PackedKeys;
  /** Keys x dim. */
  readonly values: Float32Array;
  /** Where each row stands in the caller's arrays; undefined: in order. */
  readonly positions: Uint32Array | undefined;
}

/** What one shard gets of a push, with its own copy of keys and values. */
export interface ShardPush {
  readonly shard: string;
  /** Of the routing table by which it was split. */
  readonly epoch: number;
  readonly tables: readonly TableRows[];
  /** Of all keys and values. */
  readonly bytes: number;
}

/**
 * Splits a push by shard, in the order of the routing table; within a shard tables and rows keep their order.
 * @throws WeirError PUSH_TOO_LARGE, before anything is sent, when a shard's part exceeds PUSH_BYTES_MAX.
 */
export function splitPush(tables: readonly TableRows[], routing: RoutingTable): ShardPush[] {
  const byShard: TableRows[][] = routing.shards.map(() => []);
  for (const { table, keys, values, positions } of tables) {
    for (const part of slice(keys, routing)) {
      byShard[part.shard]!.push({
        table,
        keys: part.keys,
        values: gatherRows(values, part.positions, table.dim),
        positions: positions === undefined ? part.positions : composePositions(part.positions, positions),
      });
    }
  }
  const pushes: ShardPush[] = [];
  byShard.forEach((parts, index) => {
    if (parts.length === 0) return;
    const shard = routing.shards[index]!.id;
    const bytes = parts.reduce((sum, part) => sum + part.keys.byteLength + part.values.byteLength, 0);
    if (bytes > PUSH_BYTES_MAX) throw tooLarge(parts, shard, bytes);
    pushes.push({ shard, epoch: routing.epoch, tables: parts, bytes });
  });
  return pushes;
}

function tooLarge(parts: readonly TableRows[], shard: string, bytes: number): WeirError {
  const names = parts.map((part) => part.table.name).join(', ');
  return new WeirError(
    'PUSH_TOO_LARGE',
    `push to ${names}: ${bytes} bytes for ${shard}, at most ${PUSH_BYTES_MAX} are allowed; nothing was sent, split the push`,
    { shard, ...(parts.length === 1 && { table: parts[0]!.table.name }) },
  );
}

/**
 * Cuts a shard's part into frames of at most FRAME_BYTES of keys and values, at least one. Rows are never cut;
 * a table's rows stay in order over the frames. The parts are views.
 */
export function framesOf(tables: readonly TableRows[]): PushPart[][] {
  const frames: PushPart[][] = [];
  let frame: PushPart[] = [];
  let room = FRAME_BYTES;
  for (const { table, keys, values } of tables) {
    const rowBytes = KEY_BYTES + table.dim * 4;
    const rows = keys.length / 2;
    for (let start = 0; start < rows; ) {
      if (frame.length > 0 && room < rowBytes) {
        frames.push(frame);
        frame = [];
        room = FRAME_BYTES;
      }
      const end = Math.min(rows, start + Math.max(1, Math.floor(room / rowBytes)));
      frame.push({
        tableUid: table.uid,
        keys: bytesOf(keys.subarray(2 * start, 2 * end)),
        values: bytesOf(values.subarray(start * table.dim, end * table.dim)),
        encoding: ValueEncoding.F32,
      });
      room -= (end - start) * rowBytes;
      start = end;
    }
  }
  if (frame.length > 0 || frames.length === 0) frames.push(frame);
  return frames;
}
