// Whether the stripes' memories have room for more rows.
import { STRIPE_COUNT } from '../kernel/layout.ts';
import type { KernelInstance } from './kernel-instance.ts';
import type { Stripes } from './spill.ts';

/** See RowTable.room. */
export function hasRoom(stripes: readonly (KernelInstance | undefined)[], newRows: number): boolean {
  return stripes.every((stripe) => {
    const enough = stripe === undefined || stripe.kernel.room(newRows) !== 0;
    stripe?.refresh();
    return enough;
  });
}

/**
 * For the keys that the splitter has just split: before anything is changed, so that a push for which
 * there is no memory changes nothing.
 */
export function makeRoom(table: Stripes): void {
  const { starts } = table.splitter;
  for (let s = 0; s < STRIPE_COUNT; s++) {
    const from = starts[s]!;
    const to = starts[s + 1]!;
    if (from === to) continue;
    const stripe = table.stripe(s);
    if (!stripe.holds(to - from)) throw table.full(s);
    const { kernel } = stripe;
    const enough = kernel.roomForLogged(to - from) !== 0;
    stripe.refresh();
    if (enough) continue;
    stripe.takeKeys(from, to);
    const absent = kernel.absent(to - from);
    if (absent > 0 && kernel.roomForLogged(absent) === 0) throw table.full(s);
    stripe.refresh();
  }
}
