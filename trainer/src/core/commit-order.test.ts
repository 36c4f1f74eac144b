import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommitOrder } from './commit-order.ts';

const at = (offset: number) => [{ partition: 0, offset, timeMs: offset }];

describe('CommitOrder', () => {
  it('lets positions be committed only once every window before is acknowledged', () => {
    const shuffled = fc.nat(20).chain((count) => {
      const tickets = Array.from({ length: count + 1 }, (_, i) => i);
      return fc.shuffledSubarray(tickets, { minLength: tickets.length });
    });
    fc.assert(
      fc.property(shuffled, (acknowledged) => {
        const order = new CommitOrder();
        for (const _ of acknowledged) order.issue();
        const done = new Set<number>();
        let committed = -1;
        for (const ticket of acknowledged) {
          done.add(ticket);
          const safe = order.settle(ticket, at(ticket));
          let prefix = -1;
          while (done.has(prefix + 1)) prefix++;
          expect(safe).toEqual(prefix > committed ? at(prefix) : undefined);
          committed = prefix;
        }
        expect(order.open).toBe(0);
      }),
    );
  });
});
