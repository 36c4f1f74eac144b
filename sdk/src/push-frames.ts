// A push as its shards will see it: split by shard, measured, cut into frames. Pure but for the memory.
import { FRAME_BYTES, KEY_BYTES, type PackedKeys, PUSH_BYTES_MAX, PushFrame, WeirError } from '@weir/proto';
import type { FrameMemory } from './frame-memory.ts';
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
  /** At least one, as they are sent; a table's rows stay in order over the frames. */
  readonly frames: readonly PushFrame[];
  /** The rows in the frames, frame by frame: views. */
  readonly tables: readonly TableRows[];
  /** Of all keys and values. */
  readonly bytes: number;
  readonly rows: number;
  /** Its ranges stand in the first frame. */
  readonly hasSources: boolean;
}

/** A table's rows for one shard, still in the caller's arrays. */
interface Part {
  readonly table: TableRef;
  readonly keys: PackedKeys;
  readonly values: Float32Array;
  /** Which rows of `values` they are; undefined: all, in order. */
  readonly rows: Uint32Array | undefined;
  readonly positions: Uint32Array | undefined;
}

/**
 * Splits a push by shard, in the order of the routing table; within a shard tables and rows keep their order.
 * @param sources encoded: then every shard gets a part, with them, if only an empty one.
 * @throws WeirError PUSH_TOO_LARGE, before anything is sent, when a shard's part exceeds PUSH_BYTES_MAX.
 */
export function splitPush(
  tables: readonly TableRows[],
  routing: RoutingTable,
  memory: FrameMemory,
  sources?: Uint8Array,
): ShardPush[] {
  const byShard: Part[][] = routing.shards.map(() => []);
  for (const { table, keys, values, positions } of tables) {
    for (const part of slice(keys, routing)) {
      byShard[part.shard]!.push({
        table,
        keys: part.keys,
        values,
        rows: part.positions,
        positions: composePositions(part.positions, positions),
      });
    }
  }
  const sizes = byShard.map((parts) => parts.reduce((sum, part) => sum + bytesOfPart(part), 0));
  sizes.forEach((bytes, index) => {
    if (bytes > PUSH_BYTES_MAX) throw tooLarge(byShard[index]!, routing.shards[index]!.id, bytes);
  });
  return byShard.flatMap((parts, index) => {
    const hasSources = sources !== undefined;
    if (parts.length === 0 && !hasSources) return [];
    const { frames, tables: framed } = framesOf(parts, memory, sources);
    const shard = routing.shards[index]!.id;
    const rows = parts.reduce((sum, { keys }) => sum + keys.length / 2, 0);
    return [{ shard, epoch: routing.epoch, frames, tables: framed, bytes: sizes[index]!, rows, hasSources }];
  });
}

function bytesOfPart({ table, keys }: Part): number {
  return (keys.length / 2) * rowBytesOf(table);
}

function rowBytesOf({ dim }: TableRef): number {
  return KEY_BYTES + dim * 4;
}

function tooLarge(parts: readonly Part[], shard: string, bytes: number): WeirError {
  const names = parts.map((part) => part.table.name).join(', ');
  return new WeirError(
    'PUSH_TOO_LARGE',
    `push to ${names}: ${bytes} bytes for ${shard}, at most ${PUSH_BYTES_MAX} are allowed; nothing was sent, split the push`,
    { shard, ...(parts.length === 1 && { table: parts[0]!.table.name }) },
  );
}

/** Some rows of a part, all in one frame. */
interface Piece {
  readonly part: Part;
  readonly start: number;
  readonly end: number;
}

/** Cuts a shard's part into frames of at most FRAME_BYTES of keys and values. Rows are never cut. */
function framesOf(
  parts: readonly Part[],
  memory: FrameMemory,
  sources: Uint8Array | undefined,
): { frames: PushFrame[]; tables: TableRows[] } {
  const frames: PushFrame[] = [];
  const tables: TableRows[] = [];
  for (const pieces of piecesOf(parts)) {
    const frame = new PushFrame(
      pieces.map(({ part: { table }, start, end }) => ({
        tableUid: table.uid,
        rows: end - start,
        dim: table.dim,
      })),
      memory.take,
      frames.length === 0 ? sources : undefined,
    );
    pieces.forEach((piece, i) => {
      const keys = frame.keys[i]!;
      const values = frame.values[i]!;
      fill(piece, keys, values);
      tables.push({ table: piece.part.table, keys, values, positions: positionsOf(piece) });
    });
    frames.push(frame);
  }
  return { frames, tables };
}

function piecesOf(parts: readonly Part[]): Piece[][] {
  const frames: Piece[][] = [];
  let frame: Piece[] = [];
  let room = FRAME_BYTES;
  for (const part of parts) {
    const rowBytes = rowBytesOf(part.table);
    const rows = part.keys.length / 2;
    for (let start = 0; start < rows; ) {
      if (frame.length > 0 && room < rowBytes) {
        frames.push(frame);
        frame = [];
        room = FRAME_BYTES;
      }
      const end = Math.min(rows, start + Math.max(1, Math.floor(room / rowBytes)));
      frame.push({ part, start, end });
      room -= (end - start) * rowBytes;
      start = end;
    }
  }
  if (frame.length > 0 || frames.length === 0) frames.push(frame);
  return frames;
}

/** The one copy of the caller's rows. */
function fill({ part, start, end }: Piece, keys: PackedKeys, values: Float32Array): void {
  const { dim } = part.table;
  keys.set(part.keys.subarray(2 * start, 2 * end));
  if (part.rows === undefined) values.set(part.values.subarray(start * dim, end * dim));
  else gatherRows(part.values, part.rows.subarray(start, end), dim, values);
}

function positionsOf({ part: { positions, keys }, start, end }: Piece): Uint32Array | undefined {
  if (positions !== undefined) return positions.subarray(start, end);
  if (end - start === keys.length / 2) return undefined;
  return Uint32Array.from({ length: end - start }, (_, i) => start + i);
}

/** Where a row of a table stands in the caller's arrays; a shard counts over all of the table's pieces. */
export function callersIndex({ tables }: ShardPush, table: string, row: number): number {
  let index = row;
  for (const { table: ref, keys, positions } of tables) {
    if (ref.name !== table) continue;
    const rows = keys.length / 2;
    if (index < rows) return positions?.[index] ?? index;
    index -= rows;
  }
  return row;
}
