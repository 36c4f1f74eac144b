import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PartitionMerge } from './partition-merge.ts';

interface Item {
  readonly knownTimeMs: number;
  readonly servingId: string;
  readonly offset: number;
  readonly bytes: number;
}

const END = 1_000_000;
const BOUNDS = { requestsMax: 3, bytesMax: 1e9 };
const start = (partitions: number) =>
  Array.from({ length: partitions }, (_, partition) => ({ partition, offset: 0, timeMs: 0 }));

/** A partition's records: requests by time and id, progress records between them where they are true. */
const partition = fc
  .array(fc.record({ time: fc.integer({ min: 1, max: 12 }), progress: fc.boolean() }), { maxLength: 15 })
  .map((steps) => [...steps].sort((a, b) => a.time - b.time));

type Step = { readonly item: Item } | { readonly progress: number; readonly offset: number };

function recordsOf(steps: readonly { time: number; progress: boolean }[], name: string): Step[] {
  const ids = steps.map((_, i) => `${name}${String(i).padStart(2, '0')}`);
  const records: Step[] = [];
  for (const [i, { time, progress }] of steps.entries()) {
    if (progress) records.push({ progress: time, offset: records.length });
    records.push({ item: { knownTimeMs: time, servingId: ids[i]!, offset: records.length, bytes: 1 } });
  }
  records.push({ progress: END, offset: records.length });
  return records;
}

function feed(merge: PartitionMerge<Item>, partition: number, step: Step): void {
  if ('item' in step) merge.add(partition, step.item);
  else merge.pass(partition, step.offset, step.progress);
}

const inOrder = (a: Item, b: Item) =>
  a.knownTimeMs - b.knownTimeMs || (a.servingId < b.servingId ? -1 : a.servingId > b.servingId ? 1 : 0);

function requestsOf(records: readonly Step[]): Item[] {
  return records.flatMap((step) => ('item' in step ? [step.item] : []));
}

describe('PartitionMerge', () => {
  it('releases all requests by time and serving id, however partitions arrive, within its bounds', () => {
    fc.assert(
      fc.property(
        fc.array(partition, { minLength: 1, maxLength: 4 }),
        fc.infiniteStream(fc.nat()),
        (all, turns) => {
          const records = all.map((steps, i) => recordsOf(steps, 'abcd'[i]!));
          const merge = new PartitionMerge<Item>(start(all.length), BOUNDS);
          const released: Item[] = [];
          const at = records.map(() => 0);
          for (;;) {
            for (let next = merge.next(); next !== undefined; next = merge.next()) released.push(next);
            // A reader may go on where its partition is not full: with bounded memory nobody waits for ever.
            const able = records.flatMap((list, i) => (at[i]! < list.length && !merge.isFull(i) ? [i] : []));
            if (able.length === 0) break;
            const chosen = able[turns.next().value! % able.length]!;
            feed(merge, chosen, records[chosen]![at[chosen]!++]!);
            expect(merge.size).toBeLessThanOrEqual(BOUNDS.requestsMax * all.length);
          }
          expect(released).toEqual(records.flatMap(requestsOf).sort(inOrder));
          expect(merge.frontierMs).toBe(END);
        },
      ),
    );
  });

  it('gives positions at which a restart releases exactly the rest', () => {
    fc.assert(
      fc.property(partition, partition, fc.nat(30), (first, second, stopAfter) => {
        const records = [recordsOf(first, 'a'), recordsOf(second, 'b')];
        const whole = records.flatMap(requestsOf).sort(inOrder);
        const wide = { requestsMax: 1e9, bytesMax: 1e9 };
        const merge = new PartitionMerge<Item>(start(2), wide);
        records.forEach((list, i) => {
          for (const step of list) feed(merge, i, step);
        });
        const count = Math.min(stopAfter, whole.length);
        for (let i = 0; i < count; i++) merge.next();
        const positions = merge.positions();
        for (const [i, item] of whole.entries()) {
          const { timeMs } = positions[item.servingId.startsWith('a') ? 0 : 1]!;
          if (i < count) expect(item.knownTimeMs).toBeLessThanOrEqual(timeMs);
          else expect(item.knownTimeMs).toBeGreaterThanOrEqual(timeMs);
        }
        const again = new PartitionMerge<Item>(positions, wide);
        records.forEach((list, i) => {
          list.slice(positions[i]!.offset).forEach((step) => {
            feed(again, i, step);
          });
        });
        const rest: Item[] = [];
        for (let next = again.next(); next !== undefined; next = again.next()) rest.push(next);
        expect(rest).toEqual(whole.slice(count));
      }),
    );
  });

  it('holds a request back while an empty partition may still bring an earlier one', () => {
    const merge = new PartitionMerge<Item>(start(2), BOUNDS);
    merge.add(0, { knownTimeMs: 5, servingId: 'a', offset: 0, bytes: 1 });
    expect(merge.next()).toBeUndefined();
    merge.pass(1, 0, 5);
    expect(merge.next()).toBeUndefined();
    expect(merge.frontierMs).toBe(5);
    merge.pass(1, 1, 6);
    expect(merge.next()?.servingId).toBe('a');
    expect(merge.positions()).toEqual([
      { partition: 0, offset: 1, timeMs: 5 },
      { partition: 1, offset: 2, timeMs: 6 },
    ]);
  });

  it('is full by bytes as well', () => {
    const merge = new PartitionMerge<Item>(start(1), { requestsMax: 10, bytesMax: 100 });
    merge.add(0, { knownTimeMs: 1, servingId: 'a', offset: 0, bytes: 100 });
    expect(merge.isFull(0)).toBe(true);
    merge.next();
    expect(merge.isFull(0)).toBe(false);
  });
});
