import { AdmissionKind, type TableSpec } from '@weir/proto/v1/tables';
import { describe, expect, it } from 'vitest';
import { keysOf, testTable } from '../kernel/test-tables.ts';
import { admitting } from './admission.ts';
import { CountSketch } from './count-sketch.ts';
import type { PushRecordPart } from './log-record.ts';
import { runThrough } from './steps.ts';

const COUNT_3 = testTable({ dim: 1, admission: { kind: AdmissionKind.COUNT, count: 3, probability: 0 } });
const chance = (probability: number) =>
  testTable({ dim: 1, seed: 11, admission: { kind: AdmissionKind.PROBABILITY, count: 0, probability } });

function admit(spec: TableSpec, keys: number[], present: number[], sketch?: CountSketch, draw = 1) {
  const values = Float32Array.from(keys, (_, i) => i + 1);
  const part: PushRecordPart = {
    tableUid: 'uid',
    keys: keysOf(...keys),
    values,
    counted: new Uint32Array(0),
  };
  const absent = (some: Uint32Array, flags: Uint8Array): number => {
    for (let i = 0; i < flags.length; i++) flags[i] = present.includes(some[2 * i]!) ? 0 : 1;
    return flags.reduce((sum, flag) => sum + flag, 0);
  };
  const admitted = runThrough(admitting(part, { spec, sketch, absent }, draw));
  const numbers = (packed: Uint32Array) => [...packed].filter((_, i) => i % 2 === 0);
  return {
    part,
    admitted,
    keys: numbers(admitted.keys),
    values: [...admitted.values],
    counted: numbers(admitted.counted),
  };
}

describe('admission', () => {
  it('passes on what has rows, or needs no admission, as it is', () => {
    const always = admit(testTable({ dim: 1 }), [1, 2], []);
    expect(always.admitted).toBe(always.part);
    const known = admit(COUNT_3, [1, 2], [1, 2], new CountSketch(1));
    expect(known.admitted).toBe(known.part);
  });

  it('by count takes the k-th update, over pushes and within one, and what follows it', () => {
    const sketch = new CountSketch(1);
    const first = admit(COUNT_3, [1, 2, 3, 1], [3], sketch);
    expect(first).toMatchObject({ keys: [3], values: [3], counted: [1, 2, 1] });
    sketch.count(first.admitted.counted);
    expect(admit(COUNT_3, [1, 2, 2, 2, 4], [3], sketch)).toMatchObject({
      keys: [1, 2, 2],
      values: [1, 3, 4],
      counted: [2, 4],
    });
  });

  it('by chance takes about its share, another one each time, and all that follows an admitted update', () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => i);
    const one = admit(chance(0.25), keys, []);
    expect(Math.abs(one.keys.length - 5_000)).toBeLessThan(300);
    expect(one.counted).toEqual([]);
    expect(admit(chance(0.25), keys, []).keys).toEqual(one.keys);
    const other = admit(chance(0.25), keys, [], undefined, 2).keys;
    expect(Math.abs(other.filter((key) => one.keys.includes(key)).length - 1_250)).toBeLessThan(200);
    const repeated = admit(chance(0.5), new Array(40).fill(9), []);
    const begins = repeated.values[0]!;
    expect(repeated.values).toEqual(Array.from({ length: 41 - begins }, (_, i) => begins + i));
    expect(admit(chance(1), keys, []).keys.length).toBe(20_000);
  });
});
