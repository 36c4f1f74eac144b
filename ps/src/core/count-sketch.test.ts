import { packKeys } from '@weir/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CountSketch, SKETCH_CHUNK_BYTES, SKETCH_CHUNKS, SKETCH_COUNT_MAX } from './count-sketch.ts';

const keysOf = (...keys: number[]) => packKeys(BigUint64Array.from(keys.map(BigInt)));

describe('the sketch of counts', () => {
  it('counts few keys exactly, up to the largest count of a cell', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(500), { maxLength: 400 }), (keys) => {
        const sketch = new CountSketch(7);
        sketch.count(keysOf(...keys));
        for (const key of new Set(keys)) {
          expect(sketch.estimate(key, 0)).toBe(keys.filter((other) => other === key).length);
        }
        expect(sketch.estimate(501, 0)).toBe(0);
      }),
      { numRuns: 20 },
    );
    const sketch = new CountSketch(7);
    sketch.count(keysOf(...new Array(SKETCH_COUNT_MAX + 10).fill(3)));
    expect(sketch.estimate(3, 0)).toBe(SKETCH_COUNT_MAX);
  });

  it('rarely takes a new key for a known one, and forgets what is long ago', () => {
    const sketch = new CountSketch(2 ** 52 + 1);
    const steps = 40;
    for (let step = 0; step < steps; step++) {
      sketch.count(keysOf(...Array.from({ length: 25_000 }, (_, i) => step * 25_000 + i)));
    }
    const total = steps * 25_000;
    let wrong = 0;
    for (let key = total; key < total + 10_000; key++) if (sketch.estimate(key, 0) > 0) wrong++;
    expect(wrong).toBeLessThan(1_000);
    let recent = 0;
    for (let key = total - 10_000; key < total; key++) if (sketch.estimate(key, 0) > 0) recent++;
    expect(recent).toBeGreaterThan(9_500);
    let old = 0;
    for (let key = 0; key < 10_000; key++) if (sketch.estimate(key, 0) > 0) old++;
    expect(old).toBeLessThan(1_000);
  });

  it('goes on from a snapshot as if there had been none, and leaves the snapshot as it was', () => {
    const first = keysOf(...Array.from({ length: 20_000 }, (_, i) => i));
    const then = keysOf(...Array.from({ length: 20_000 }, (_, i) => 3 * i));
    const sketch = new CountSketch(7);
    sketch.count(first);
    const chunks = sketch.snapshot();
    const { age } = sketch;
    expect(chunks.length).toBe(SKETCH_CHUNKS);
    const copies = chunks.map((chunk) => chunk && new Uint8Array(chunk));
    sketch.count(then);
    expect(chunks).toEqual(copies);
    const restored = new CountSketch(7);
    for (const [i, chunk] of copies.entries()) {
      expect(chunk?.length ?? SKETCH_CHUNK_BYTES).toBe(SKETCH_CHUNK_BYTES);
      if (chunk !== undefined) restored.restoreChunk(i, chunk);
    }
    restored.restoreAge(age);
    restored.count(then);
    expect(restored.age).toEqual(sketch.age);
    // Compared as bytes: as arrays, millions of elements.
    for (const [i, chunk] of restored.snapshot().entries()) {
      const other = sketch.snapshot()[i];
      expect(Buffer.compare(chunk ?? EMPTY, other ?? EMPTY)).toBe(0);
    }
  });
});

const EMPTY = new Uint8Array(SKETCH_CHUNK_BYTES);
