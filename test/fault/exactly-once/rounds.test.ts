// The short version of `npm run test:fault -- --suite exactly-once`: one world, the hardest faults; and what the suite judges
// by can tell right from wrong. The canaries run in the long version.
import { describe, expect, it } from 'vitest';
import { inFolder } from '../suite-parts.ts';
import { checkCounts } from './counted.ts';
import { brokenFences, type Note } from './fences.ts';
import type { ScheduledFault } from './schedule.ts';
import { World } from './world.ts';

const SEED = 5;
/** On a machine that does much else. */
const TIMEOUT_MS = 120_000;
const NOTHING_WRONG = { lost: 0, doubled: 0, problems: [] };

const ROUNDS: readonly (readonly ScheduledFault[])[] = [
  [
    { atPart: 0.35, fault: { kind: 'kill', services: ['trainer-0', 'stitcher-0'], worst: true } },
    { atPart: 0.6, fault: { kind: 'kill', services: ['shard-1', 'predictor'], worst: false } },
  ],
  [
    { atPart: 0.2, fault: { kind: 'sleep', service: 'trainer-1', worst: true, dies: false } },
    { atPart: 0.5, fault: { kind: 'kill', services: ['streams', 'collector'], worst: true } },
    { atPart: 0.8, fault: { kind: 'leave', group: 'stitchers' } },
  ],
];

describe(`the whole loop, killed, put to sleep and changed in its members (seed ${SEED})`, () => {
  it('trains every sample exactly once', { timeout: TIMEOUT_MS }, () =>
    inFolder(async (dir) => {
      const world = await World.begin({ dir, seed: SEED, isStitcherAlone: false });
      try {
        for (const [round, faults] of ROUNDS.entries()) {
          const { lost, doubled, problems } = await world.round(round, faults);
          expect({ lost, doubled, problems }, `round ${round}`).toEqual(NOTHING_WRONG);
        }
      } finally {
        await world.end();
      }
    }),
  );
});

describe('what the suite judges by', () => {
  it('tells lost samples from doubled ones', () => {
    const expected = new Map([
      [1n, { samples: 5, positives: 2 }],
      [2n, { samples: 3, positives: 0 }],
    ]);
    expect(checkCounts(expected, Float32Array.of(5, 2, 3, 0))).toEqual({ lost: 0, doubled: 0, wrong: [] });
    expect(checkCounts(expected, Float32Array.of(7, 2, 2, 0))).toMatchObject({ lost: 1, doubled: 2 });
  });

  it('sees a range of an older generation that goes beyond what its shard told', () => {
    const acquired: Note = {
      kind: 'acquired',
      generation: 3,
      partition: 0,
      offsets: [
        { shard: 'a', applied: 10 },
        { shard: 'b', applied: 20 },
      ],
    };
    const applied = (shard: string, generation: number, to: number): Note => ({
      kind: 'applied',
      shard,
      generation,
      partition: 0,
      from: to - 5,
      to,
    });
    expect(brokenFences([acquired, applied('a', 2, 10), applied('b', 2, 20), applied('a', 3, 15)])).toEqual(
      [],
    );
    expect(brokenFences([applied('a', 2, 15), acquired])).toHaveLength(1);
  });
});
