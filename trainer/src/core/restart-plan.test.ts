import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HeldOffsets, planRestart } from './restart-plan.ts';

const offset = fc.nat({ max: 60 });
const held: fc.Arbitrary<HeldOffsets[]> = fc
  .array(
    fc.record({
      start: offset,
      applied: fc.array(offset, { minLength: 1, maxLength: 4 }),
      covered: fc.option(offset, { nil: undefined }),
    }),
    { maxLength: 5 },
  )
  .map((list) => list.map((one, partition) => ({ partition, ...one })));

describe('planRestart', () => {
  it('brings every holder from its offset to where all agree, each sample once', () => {
    fc.assert(
      fc.property(held, (partitions) => {
        const { catchUp, agreed } = planRestart(partitions);
        for (const { partition, applied, covered } of partitions) {
          const segments = catchUp.filter((one) => one.partition === partition);
          for (const holder of [...applied, ...(covered === undefined ? [] : [covered])]) {
            let at = holder;
            for (const { from, to } of segments) {
              // Held or lacked whole.
              if (to <= holder) continue;
              expect(from).toBe(at);
              at = to;
            }
            expect(at).toBe(agreed.get(partition));
          }
        }
      }),
    );
  });

  it('plans nothing where all agree', () => {
    const agreeing = { partition: 3, start: 0, applied: [7, 7, 7], covered: 7 };
    const { catchUp, agreed } = planRestart([agreeing]);
    expect(catchUp).toEqual([]);
    expect([...agreed]).toEqual([[3, 7]]);
  });

  it('cuts at each distinct offset, that of the operator state included', () => {
    const { catchUp } = planRestart([{ partition: 0, start: 0, applied: [9, 2, 5], covered: 4 }]);
    expect(catchUp.map(({ from, to }) => [from, to])).toEqual([
      [2, 4],
      [4, 5],
      [5, 9],
    ]);
  });
});
