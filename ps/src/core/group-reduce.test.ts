import { bytesOf } from '@weir/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Contribution, type PartSpec, reduceParts } from './group-reduce.ts';
import { runThrough } from './steps.ts';

type Values = Float32Array | Float64Array | BigUint64Array | Uint8Array;

function contribution(spec: Omit<PartSpec, 'bytes' | 'name'>, values: Values): Contribution {
  const bytes = bytesOf(values).slice();
  return { parts: [{ ...spec, name: 'p', bytes: bytes.length }], values: [bytes] };
}

function reduced(spec: Omit<PartSpec, 'bytes' | 'name'>, members: readonly Values[]): ArrayBuffer {
  const [part] = runThrough(reduceParts(members.map((values) => contribution(spec, values))));
  expect(part!.bytes).toBe(part!.value.length);
  return part!.value.slice().buffer;
}

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : Number(a > b));

/** Members that give equally many values. */
const equal = <T>(value: fc.Arbitrary<T>) =>
  fc
    .integer({ min: 0, max: 40 })
    .chain((length) =>
      fc.array(fc.array(value, { minLength: length, maxLength: length }), { minLength: 1, maxLength: 5 }),
    );
const finite = { noNaN: true, noDefaultInfinity: true } as const;

describe('reduceParts', () => {
  it('sums and averages f32 in f64, member after member, rounded once', () => {
    fc.assert(
      fc.property(equal(fc.float({ ...finite, min: -(2 ** 100), max: 2 ** 100 })), (members) => {
        const arrays = members.map((values) => Float32Array.from(values));
        const sum = arrays[0]!.map((_, i) => arrays.reduce((total, values) => total + values[i]!, -0));
        expect(new Float32Array(reduced({ type: 'f32', reduce: 'sum' }, arrays))).toEqual(sum);
        const mean = arrays[0]!.map(
          (_, i) => arrays.reduce((total, values) => total + values[i]!, -0) / arrays.length,
        );
        expect(new Float32Array(reduced({ type: 'f32', reduce: 'mean' }, arrays))).toEqual(mean);
      }),
    );
  });

  it('takes the largest f64 of the members, value by value', () => {
    fc.assert(
      fc.property(equal(fc.double({ ...finite })), (members) => {
        const arrays = members.map((values) => Float64Array.from(values));
        const result = new Float64Array(reduced({ type: 'f64', reduce: 'max' }, arrays));
        // -0 and 0 are equal: the first one stands.
        for (const [i, value] of result.entries()) {
          expect(value + 0).toBe(Math.max(...arrays.map((values) => values[i]!)) + 0);
        }
      }),
    );
  });

  it('sums, averages and compares u64 exactly', () => {
    fc.assert(
      fc.property(equal(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), (members) => {
        const arrays = members.map((values) => BigUint64Array.from(values));
        const sums = members[0]!.map((_, i) => members.reduce((total, values) => total + values[i]!, 0n));
        const count = BigInt(members.length);
        expect([...new BigUint64Array(reduced({ type: 'u64', reduce: 'mean' }, arrays))]).toEqual(
          sums.map((sum) => sum / count),
        );
        expect([...new BigUint64Array(reduced({ type: 'u64', reduce: 'max' }, arrays))]).toEqual(
          members[0]!.map((_, i) =>
            members
              .map((values) => values[i]!)
              .sort(ascending)
              .at(-1),
          ),
        );
        const sum = () => reduced({ type: 'u64', reduce: 'sum' }, arrays);
        if (sums.some((value) => value >= 2n ** 64n)) {
          expect(sum).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
        } else expect([...new BigUint64Array(sum())]).toEqual(sums);
      }),
    );
  });

  it('puts values of any length one after the other, or takes the first', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array(), { minLength: 1, maxLength: 5 }), (members) => {
        const spec = { type: 'bytes', reduce: 'concat' } as const;
        expect(Buffer.from(reduced(spec, members))).toEqual(Buffer.concat(members));
        const [part] = runThrough(reduceParts(members.map((values) => contribution(spec, values))));
        expect(part!.memberBytes).toEqual(members.map(({ length }) => length));
        expect(new Uint8Array(reduced({ type: 'bytes', reduce: 'first' }, members))).toEqual(members[0]);
      }),
    );
  });

  it('refuses a sum that leaves the range of its type, naming the value', () => {
    const large = Float32Array.of(0, 3e38);
    expect(() => reduced({ type: 'f32', reduce: 'sum' }, [large, large])).toThrow(
      expect.objectContaining({ code: 'NOT_FINITE', keyIndex: 1 }),
    );
    // In f64 the sum has room, so the mean has, too.
    expect([...new Float32Array(reduced({ type: 'f32', reduce: 'mean' }, [large, large]))]).toEqual([
      ...large,
    ]);
  });

  it('gives way between blocks of values', () => {
    const many = contribution({ type: 'f32', reduce: 'sum' }, new Float32Array(100_000));
    const steps = reduceParts([many, many]);
    let count = 0;
    while (!steps.next().done) count++;
    expect(count).toBeGreaterThan(10);
  });
});
