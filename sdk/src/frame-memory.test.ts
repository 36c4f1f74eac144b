import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FrameMemory } from './frame-memory.ts';
import { FRAME_MEMORY_KEPT_BYTES_MAX, FRAME_MEMORY_SMALLEST_BYTES } from './limits.ts';

const sizes = fc.integer({ min: 1, max: 300_000 });

it('gives what was asked for, and at most an eighth more', () => {
  fc.assert(
    fc.property(sizes, (bytes) => {
      const { byteLength } = new FrameMemory().take(bytes);
      expect(byteLength).toBeGreaterThanOrEqual(bytes);
      expect(byteLength - bytes).toBeLessThanOrEqual(bytes / 8);
    }),
  );
});

it('never gives the same memory to two', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(sizes, fc.boolean()), { maxLength: 100 }), (steps) => {
      const memory = new FrameMemory();
      const held = new Set<ArrayBuffer>();
      for (const [bytes, giveOne] of steps) {
        const taken = memory.take(bytes);
        expect(held.has(taken)).toBe(false);
        held.add(taken);
        const [oldest] = held;
        if (!giveOne) continue;
        held.delete(oldest!);
        memory.give(oldest!);
      }
    }),
  );
});

it('gives memory of a settled push to the next of about its size', () => {
  const memory = new FrameMemory();
  const first = memory.take(147_000);
  memory.give(first);
  expect(memory.take(146_500)).toBe(first);
  expect(memory.take(146_500)).not.toBe(first);
});

it('keeps no more than its bound, and nothing small', () => {
  const memory = new FrameMemory();
  const large = FRAME_MEMORY_KEPT_BYTES_MAX / 2;
  const taken = [memory.take(large), memory.take(large), memory.take(large)];
  for (const each of taken) memory.give(each);
  const again = new Set([memory.take(large), memory.take(large), memory.take(large)]);
  expect(taken.filter((each) => again.has(each)).length).toBe(2);
  const small = memory.take(FRAME_MEMORY_SMALLEST_BYTES - 1);
  memory.give(small);
  expect(memory.take(FRAME_MEMORY_SMALLEST_BYTES - 1)).not.toBe(small);
});
