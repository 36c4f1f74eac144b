import { bytesOf } from '@weir/proto';
import { describe, expect, it } from 'vitest';
import type { ReplayRecord } from '../formats/record.ts';
import { Shop } from './shop.ts';
import { ShopTraffic } from './shop-traffic.ts';

const SHIFT_AFTER = 500;
const VISITS_PER_SECOND = 100;
const options = {
  seed: 7,
  visits: 3_000,
  shiftAfter: SHIFT_AFTER,
  visitsPerSecond: VISITS_PER_SECOND,
  startMs: Date.UTC(2024, 0, 1),
};

/** Answers every request at once, in turn by an arm that knows the season and one that does not know it changed. */
async function run(given = options): Promise<{ traffic: ShopTraffic; records: ReplayRecord[] }> {
  const traffic = new ShopTraffic(given);
  const shop = new Shop(given.seed);
  const records: ReplayRecord[] = [];
  let number = 0;
  for await (const record of traffic.records()) {
    records.push(record);
    if (record.kind !== 'request') continue;
    const visit = shop.visit(number);
    const arm = number % 2 === 0 ? 'online' : 'frozen';
    const season = arm === 'online' && number >= SHIFT_AFTER ? 'summer' : 'winter';
    // What somebody would choose at once is liked; that comes first.
    const liked = (index: number): number => (shop.choose(visit, [index], season) === undefined ? 1 : 0);
    const order = Uint32Array.from(visit.wares.keys()).sort((a, b) => liked(a) - liked(b) || a - b);
    traffic.answered(record, {
      servingId: record.servingId,
      scores: [],
      modelVersion: undefined,
      fallbacks: undefined,
      order: bytesOf(order),
      experimentBuckets: { model: arm },
      canaryToken: 0,
    });
    number++;
  }
  return { traffic, records };
}

describe('traffic of the shop', () => {
  it('is the same for the same seed and answers, another for another seed', async () => {
    const { records } = await run();
    expect((await run()).records).toEqual(records);
    expect((await run({ ...options, seed: 8 })).records).not.toEqual(records);
  });

  it('comes in order of time, with at most one click a visit, on something that was there', async () => {
    const { records } = await run();
    const wares = new Map<string, readonly string[]>();
    const clicked = new Set<string>();
    let timeMs = 0;
    for (const record of records) {
      expect(record.timeMs).toBeGreaterThanOrEqual(timeMs);
      timeMs = record.timeMs;
      if (record.kind === 'request') {
        wares.set(record.servingId, record.docIds);
        continue;
      }
      expect(wares.get(record.servingId!)).toContain(record.docId);
      expect(clicked.has(record.servingId!)).toBe(false);
      clicked.add(record.servingId!);
    }
    expect(wares.size).toBe(options.visits);
    expect(clicked.size).toBeGreaterThan(options.visits / 4);
  });

  it('counts each arm from the change of the season on, and says from when the better one is ahead', async () => {
    const { traffic } = await run();
    const { online, frozen, ahead, aheadAfterS, sinceShiftS, isShifted } = traffic.figures();
    expect(isShifted).toBe(true);
    expect(online.visits + frozen.visits).toBe(options.visits - SHIFT_AFTER);
    expect(sinceShiftS).toBe((options.visits - SHIFT_AFTER) / VISITS_PER_SECOND);
    expect(ahead!.low).toBeGreaterThan(0);
    expect(ahead!.value).toBeCloseTo(online.clicks / online.visits - frozen.clicks / frozen.visits, 12);
    expect(aheadAfterS).toBeGreaterThan(0);
    expect(aheadAfterS).toBeLessThan(sinceShiftS);
  });
});
