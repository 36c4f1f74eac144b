import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PartitionMerge } from './partition-merge.ts';
import { SourceCursor } from './source-cursor.ts';

interface Request {
  readonly knownTimeMs: number;
  readonly servingId: string;
  readonly offset: number;
  readonly bytes: number;
}

const OWN = [1, 4, 7];
const BOUNDS = { requestsMax: 1e9, bytesMax: 1e9 };
/** What happens: a record comes into a partition (a request, or none), some are released, a window is cut. */
const event = fc.oneof(
  { weight: 6, arbitrary: fc.record({ partition: fc.constantFrom(...OWN), isRequest: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ release: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.constant({ cut: true }) },
);

describe('SourceCursor', () => {
  it('cuts partitions into ranges without a gap, and a request stands in the range of its window', () => {
    const run = fc.record({
      starts: fc.array(fc.nat(50), { minLength: 3, maxLength: 3 }),
      events: fc.array(event),
    });
    fc.assert(
      fc.property(run, ({ starts, events }) => {
        const start = OWN.map((partition, i) => ({ partition, offset: starts[i]!, timeMs: 0 }));
        const merge = new PartitionMerge<Request & { partition: number }>(start, BOUNDS);
        const cursor = new SourceCursor(start.map(({ partition, offset }) => [partition, offset]));
        const next = new Map(start.map(({ partition, offset }) => [partition, offset]));
        const covered = new Map(next);
        let time = 0;
        let open: { partition: number; offset: number }[] = [];
        for (const one of [...events, { cut: true }]) {
          if ('partition' in one) {
            const { partition, isRequest } = one;
            const offset = next.get(partition)!;
            next.set(partition, offset + 1);
            const request = { partition, offset, knownTimeMs: time++, servingId: `${time}`, bytes: 1 };
            if (isRequest) merge.add(partition, request);
            else merge.pass(partition, offset, time);
          } else if ('release' in one) {
            for (let i = 0; i < one.release; i++) {
              const request = merge.next();
              if (request !== undefined) open.push(request);
            }
          } else {
            const positions = merge.positions();
            const moved = cursor.hasMoved(positions);
            const ranges = cursor.advance(positions);
            expect(moved).toBe(ranges.length > 0);
            for (const { partition, from, to } of ranges) {
              expect([from, to > from]).toEqual([covered.get(partition), true]);
              covered.set(partition, to);
            }
            for (const { partition, offset } of open) {
              const range = ranges.find((each) => each.partition === partition)!;
              expect(offset >= range.from && offset < range.to).toBe(true);
            }
            open = [];
          }
        }
        for (const { partition, offset } of cursor.clamp(merge.positions())) {
          expect(offset).toBe(covered.get(partition));
        }
      }),
    );
  });
});
