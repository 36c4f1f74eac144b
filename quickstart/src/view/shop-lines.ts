// Click-through of both arms as people read it. Pure.
import type { Estimate } from '../shop/click-through.ts';
import type { ShopFigures } from '../shop/shop-traffic.ts';

/** Two lines; what they say begins when the season changes. */
export function shopLines(shop: ShopFigures): readonly [string, string] {
  if (!shop.isShifted) return ['click-through is counted when the season has changed', ''];
  const since = `${shop.sinceShiftS.toFixed(0)} s after the season changed`;
  return [
    `click-through ${since}: online ${share(shop.online.clickThrough)}, frozen ${share(shop.frozen.clickThrough)}`,
    `online is ahead by ${share(shop.ahead)}` +
      (shop.aheadAfterS === null
        ? ''
        : `; the interval is above zero since second ${shop.aheadAfterS.toFixed(1)}`),
  ];
}

/** With its interval, in percent. */
function share(estimate: Estimate | null): string {
  if (estimate === null) return '–';
  const [value, low, high] = [estimate.value, estimate.low, estimate.high].map((part) =>
    (part * 100).toFixed(1),
  );
  return `${value} % (${low} to ${high})`;
}
