import { bytesOf, FRAME_BYTES, PUSH_BYTES_MAX } from '@weir/proto';
import { PushRequest } from '@weir/proto/v1/parameter_server';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameMemory } from './frame-memory.ts';
import { callersIndex, splitPush, type TableRows } from './push-frames.ts';
import type { RoutingTable } from './routing.ts';

const memory = new FrameMemory();
const routing = (shards: number): RoutingTable => ({
  epoch: 3,
  shards: Array.from({ length: shards }, (_, i) => ({ id: `shard-${i}`, address: `h:${i}` })),
  slots: Uint16Array.from({ length: 1024 }, (_, slot) => slot % shards),
});

function rowsOf(name: string, dim: number, rows: number): TableRows {
  return {
    table: { name, uid: `uid-${name}`, dim },
    keys: Uint32Array.from({ length: rows * 2 }, (_, i) => (i * 2_654_435_761) >>> 0),
    values: Float32Array.from({ length: rows * dim }, (_, i) => i),
    positions: undefined,
  };
}

const tablesArbitrary = fc
  .array(fc.tuple(fc.constantFrom(1, 7, 900, 4096), fc.integer({ min: 1, max: 120 })), {
    minLength: 1,
    maxLength: 4,
  })
  .map((shapes) => shapes.map(([dim, rows], i) => rowsOf(`t${i}`, dim, rows)));

const HEADER = { client: undefined, number: 1, epoch: 3, moreFrames: false, originTimeMs: 0 };

describe('splitPush', () => {
  it('keeps every row of every table, in order, in frames of at most FRAME_BYTES', () => {
    fc.assert(
      fc.property(tablesArbitrary, (tables) => {
        const [push] = splitPush(tables, routing(1), memory);
        const frames = push!.frames.map((frame) => PushRequest.decode(frame.message(HEADER)).parts);
        for (const frame of frames) {
          const bytes = frame.reduce((sum, part) => sum + part.keys.byteLength + part.values.byteLength, 0);
          const rows = frame.reduce((sum, part) => sum + part.keys.byteLength / 8, 0);
          expect(bytes <= FRAME_BYTES || rows === 1).toBe(true);
        }
        for (const { table, keys, values } of tables) {
          const parts = frames.flat().filter((part) => part.tableUid === table.uid);
          expect(Buffer.concat(parts.map((part) => part.keys)).equals(bytesOf(keys))).toBe(true);
          expect(Buffer.concat(parts.map((part) => part.values)).equals(bytesOf(values))).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  });

  it("finds a shard's row in the caller's arrays, over all frames", () => {
    const rows = rowsOf('t', 4096, 100);
    for (const push of splitPush([rows], routing(2), memory)) {
      const keys = push.tables.flatMap((part) => [...part.keys]);
      for (let row = 0; row < keys.length / 2; row++) {
        const index = callersIndex(push, 't', row);
        expect(keys.slice(2 * row, 2 * row + 2)).toEqual([rows.keys[2 * index], rows.keys[2 * index + 1]]);
      }
    }
  });

  it("gives each row to one shard, with its place in the caller's arrays, also when it is split again", () => {
    fc.assert(
      fc.property(tablesArbitrary, fc.integer({ min: 1, max: 5 }), (tables, shards) => {
        const first = splitPush(tables, routing(3), memory);
        const again = first.flatMap((push) => splitPush(push.tables, routing(shards), memory));
        for (const { table, values, keys } of tables) {
          const places = new Set<number>();
          for (const part of again.flatMap((push) => push.tables)) {
            if (part.table.uid !== table.uid) continue;
            part.positions!.forEach((position, row) => {
              places.add(position);
              expect(part.keys[2 * row]).toBe(keys[2 * position]);
              expect(part.values[row * table.dim]).toBe(values[position * table.dim]);
            });
          }
          expect(places.size).toBe(keys.length / 2);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('copies what it is given', () => {
    const rows = rowsOf('t', 2, 10);
    const [push] = splitPush([rows], routing(1), memory);
    rows.values.fill(-1);
    rows.keys.fill(9);
    expect(push!.tables[0]!.values[1]).toBe(1);
    expect(push!.tables[0]!.keys[2]).not.toBe(9);
  });

  it("refuses a shard's part above PUSH_BYTES_MAX and takes one of just that size", () => {
    const dim = 4094; // a row of 16 KiB with its key
    const fits = PUSH_BYTES_MAX / (8 + dim * 4);
    expect(splitPush([rowsOf('t', dim, fits)], routing(1), memory)[0]!.bytes).toBe(PUSH_BYTES_MAX);
    expect(() => splitPush([rowsOf('t', dim, fits + 1)], routing(1), memory)).toThrow(
      expect.objectContaining({ code: 'PUSH_TOO_LARGE', shard: 'shard-0', table: 't' }),
    );
  });
});
