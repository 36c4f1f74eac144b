import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ARENA_BYTES_MAX } from './limits.ts';
import { RecordArena } from './record-arena.ts';

describe('the arena of records', () => {
  it('gives aligned memory of which no byte is given twice before it is cleared', () => {
    const arena = new RecordArena();
    const size = fc.oneof(fc.nat({ max: 300 }), fc.constantFrom(200_000, 3_000_000, ARENA_BYTES_MAX + 1));
    fc.assert(
      fc.property(fc.array(size, { maxLength: 30 }), (sizes) => {
        arena.clear();
        const taken = sizes.map((bytes) => arena.take(bytes));
        taken.forEach((memory, i) => {
          expect(memory.length).toBe(sizes[i]);
          expect(memory.byteOffset % 8).toBe(0);
          memory.fill(i);
        });
        expect(taken.every((memory, i) => memory.every((byte) => byte === i))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
