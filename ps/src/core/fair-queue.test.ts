import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue, ITEM_OVERHEAD_BYTES, ROUND_BYTES } from './fair-queue.ts';

interface Item {
  readonly lane: number;
  readonly number: number;
  readonly bytes: number;
}

/** Items of one lane, as bytes; small ones and some that take many rounds. */
const lane = fc.array(fc.oneof(fc.nat(2_000), fc.nat(ROUND_BYTES), fc.nat(8 * ROUND_BYTES)), {
  maxLength: 20,
});

function filled(lanes: readonly (readonly number[])[]): FairQueue<number, Item> {
  const queue = new FairQueue<number, Item>();
  lanes.forEach((items, at) => {
    items.forEach((bytes, number) => {
      queue.add(at, { lane: at, number, bytes }, bytes);
    });
  });
  return queue;
}

function drained(queue: FairQueue<number, Item>): Item[] {
  const items: Item[] = [];
  for (let item = queue.take(); item !== undefined; item = queue.take()) items.push(item);
  return items;
}

describe('FairQueue', () => {
  it('gives out everything once, each lane in its own order', () => {
    fc.assert(
      fc.property(fc.array(lane, { maxLength: 8 }), (lanes) => {
        const queue = filled(lanes);
        expect(queue.size).toBe(lanes.flat().length);
        const items = drained(queue);
        lanes.forEach((bytes, at) => {
          expect(items.filter((item) => item.lane === at).map((item) => item.bytes)).toEqual(bytes);
        });
        expect(queue.size).toBe(0);
      }),
    );
  });

  it('lets no lane wait more than one round of the others', () => {
    fc.assert(
      fc.property(
        fc.array(lane, { minLength: 2, maxLength: 8 }),
        fc.nat(ROUND_BYTES - 256),
        (lanes, small) => {
          const queue = filled(lanes);
          queue.add(-1, { lane: -1, number: 0, bytes: small }, small);
          const before = drained(queue);
          before.length = before.findIndex((item) => item.lane === -1);
          lanes.forEach((bytes, at) => {
            const mine = before.filter((item) => item.lane === at);
            const sum = mine.reduce((total, item) => total + item.bytes + ITEM_OVERHEAD_BYTES, 0);
            expect(sum).toBeLessThanOrEqual(ROUND_BYTES + Math.max(0, ...bytes) + ITEM_OVERHEAD_BYTES);
          });
        },
      ),
    );
  });

  it('shares bytes, not turns: small items of one lane keep pace with large ones of another', () => {
    const queue = filled([
      new Array<number>(32).fill(4 * ROUND_BYTES),
      new Array<number>(2_000).fill(ROUND_BYTES / 16),
    ]);
    const sums = [0, 0];
    for (let i = 0; i < 500; i++) {
      const { lane, bytes } = queue.take()!;
      sums[lane]! += bytes;
    }
    expect(sums[0]! / sums[1]!).toBeGreaterThan(0.75);
    expect(sums[0]! / sums[1]!).toBeLessThan(1.4);
  });

  it('gives turns to items without bytes', () => {
    const queue = filled([new Array<number>(10_000).fill(0), [0]]);
    let taken = 1;
    while (queue.take()!.lane !== 1) taken++;
    expect(taken).toBeLessThanOrEqual(ROUND_BYTES / ITEM_OVERHEAD_BYTES + 1);
  });

  it('takes out what waits in a lane that is gone', () => {
    const queue = filled([
      [1, 2, 3],
      [4, 5],
    ]);
    expect(queue.take()!.bytes).toBe(1);
    expect(queue.remove(0).map((item) => item.bytes)).toEqual([2, 3]);
    expect(queue.remove(0)).toEqual([]);
    expect(drained(queue).map((item) => item.bytes)).toEqual([4, 5]);
    expect(queue.has(1)).toBe(false);
  });
});
