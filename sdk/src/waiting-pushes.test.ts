import { FRAME_BYTES, unpackKeys } from '@weir/proto';
import { PushRequest } from '@weir/proto/v1/parameter_server';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameMemory } from './frame-memory.ts';
import { LanePush, PushRecord } from './lane-push.ts';
import { splitPush } from './push-frames.ts';
import { WaitingPushes } from './waiting-pushes.ts';

const DIM = 3;
const memory = new FrameMemory();
const nobody = { applied: () => {}, refused: () => {}, unknown: () => {} };

interface Made {
  readonly tables: readonly { readonly uid: string; readonly keys: readonly number[] }[];
  readonly epoch: number;
  readonly originTimeMs: number;
}

/** A row's values tell which push it came with. */
function lanePush({ tables, epoch, originTimeMs }: Made, index: number): LanePush {
  const rows = tables.map(({ uid, keys }) => ({
    table: { name: uid, uid, dim: DIM },
    keys: Uint32Array.from(keys.flatMap((key) => [key, 0])),
    values: new Float32Array(keys.length * DIM).fill(index),
    positions: undefined,
  }));
  const routing = { epoch, shards: [{ id: 's', address: '' }], slots: new Uint16Array(1024) };
  return new LanePush(splitPush(rows, routing, memory)[0]!, originTimeMs, 0, nobody);
}

const keys = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 6 });
const made: fc.Arbitrary<Made> = fc.record({
  tables: fc
    .uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
    .chain((uids) => fc.tuple(...uids.map((uid) => keys.map((each) => ({ uid, keys: each }))))),
  epoch: fc.constantFrom(1, 1, 1, 2),
  originTimeMs: fc.constantFrom(0, 5, 7),
});

/** What a shard reads of a record: rows of each table, as [key, push]. */
function rowsRead(record: PushRecord): Record<string, [bigint, number][]> {
  const read: Record<string, [bigint, number][]> = {};
  for (const frame of record.frames) {
    const header = { client: undefined, number: 1, epoch: 1, moreFrames: false, originTimeMs: 0 };
    for (const part of PushRequest.decode(frame.message(header)).parts) {
      const words = new Uint32Array(part.keys.slice().buffer);
      const values = new Float32Array(part.values.slice().buffer);
      read[part.tableUid] ??= [];
      [...unpackKeys(words)].forEach((key, i) => {
        read[part.tableUid]!.push([key, values[i * DIM]!]);
      });
    }
  }
  return read;
}

function rowsMade(pushes: readonly [Made, number][]): Record<string, [bigint, number][]> {
  const all: Record<string, [bigint, number][]> = {};
  for (const [{ tables }, index] of pushes) {
    for (const table of tables) {
      const rows = table.keys.map((key): [bigint, number] => [BigInt(key), index]);
      all[table.uid] = [...(all[table.uid] ?? []), ...rows];
    }
  }
  return all;
}

describe('waiting pushes', () => {
  it('become records of whole pushes, in order, within the bounds, none left out and none twice', () => {
    const limits = fc.record({ rowsMax: fc.integer({ min: 1, max: 30 }), alone: fc.nat(10) });
    fc.assert(
      fc.property(fc.array(made, { maxLength: 15 }), limits, fc.array(fc.nat(14)), (all, bounds, gone) => {
        const waiting = new WaitingPushes();
        const pushes = all.map(lanePush);
        for (const push of pushes) waiting.add(push);
        const left = new Set(pushes);
        for (const index of gone) {
          const push = pushes[index];
          if (push === undefined || !left.delete(push)) continue;
          waiting.remove(push);
        }
        const lone = pushes[bounds.alone];
        if (lone !== undefined) lone.alone = true;
        expect(waiting.length).toBe(left.size);
        const sent: LanePush[] = [];
        while (waiting.first !== undefined) {
          const { pushes: members } = waiting.next(bounds.rowsMax, FRAME_BYTES);
          for (const push of members) waiting.remove(push);
          const record = new PushRecord(1, members, memory);
          expect(record.rows <= bounds.rowsMax || members.length === 1).toBe(true);
          expect(members.length === 1 || !members.includes(lone!)).toBe(true);
          expect(new Set(members.map(({ push }) => push.epoch)).size).toBe(1);
          const numbered = members.map((push): [Made, number] => [
            all[pushes.indexOf(push)]!,
            pushes.indexOf(push),
          ]);
          expect(rowsRead(record)).toEqual(rowsMade(numbered));
          const origins = members.map(({ originTimeMs }) => originTimeMs).filter((time) => time > 0);
          expect(record.originTimeMs).toBe(origins.length === 0 ? 0 : Math.min(...origins));
          sent.push(...members);
        }
        expect(sent).toEqual([...left]);
        expect([waiting.length, waiting.bytes]).toEqual([0, 0]);
      }),
    );
  });

  it('never exceed a frame or the room that is left together', () => {
    const big: Made = {
      tables: [{ uid: 'a', keys: Array.from({ length: 5_000 }, (_, i) => i) }],
      epoch: 1,
      originTimeMs: 0,
    };
    const waiting = new WaitingPushes();
    const pushes = [big, big, big].map(lanePush);
    for (const push of pushes) waiting.add(push);
    const { bytes } = pushes[0]!.push;
    expect(3 * bytes).toBeGreaterThan(FRAME_BYTES);
    expect(waiting.next(1e9, 1e9)).toEqual({ pushes: pushes.slice(0, 2), growable: false });
    expect(waiting.next(1e9, 2 * bytes - 1)).toEqual({ pushes: pushes.slice(0, 1), growable: false });
    expect(waiting.next(10_000, 1e9)).toEqual({ pushes: pushes.slice(0, 2), growable: false });
  });

  it('come before all others when they are put back, and can be taken out from any place, many times', () => {
    const small: Made = { tables: [{ uid: 'a', keys: [1] }], epoch: 1, originTimeMs: 0 };
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('add', 'out', 'take', 'back'), fc.nat(1_000)), { maxLength: 60 }),
        (steps) => {
          const waiting = new WaitingPushes();
          let model: LanePush[] = [];
          const taken: LanePush[] = [];
          for (const [what, at] of steps) {
            if (what === 'add') {
              // More than what is closed up at once.
              for (let i = 0; i < at; i++) {
                const push = lanePush(small, i);
                waiting.add(push);
                model.push(push);
              }
            } else if (what === 'out' && model.length > 0) {
              const [push] = model.splice(at % model.length, 1);
              waiting.remove(push!);
            } else if (what === 'take') {
              const { pushes } = waiting.next(at + 1, FRAME_BYTES);
              for (const push of pushes) waiting.remove(push);
              expect(pushes).toEqual(model.splice(0, pushes.length));
              taken.push(...pushes);
            } else if (what === 'back') {
              const back = taken.splice(0, 3);
              waiting.putBack(back);
              model = [...back, ...model];
            }
            expect(waiting.first).toBe(model[0]);
            expect(waiting.length).toBe(model.length);
          }
          expect(waiting.clear()).toEqual(model);
        },
      ),
      { numRuns: 20 },
    );
  });
});
