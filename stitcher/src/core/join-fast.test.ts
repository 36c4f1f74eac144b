import { floatsFromBytes, u32FromBytes } from '@weir/proto';
import { SampleKind } from '@weir/proto/v1/records';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { behaviourItems, featureItems, TEST_PLAN } from '../testing/arbitrary-streams.ts';
import { JoinRun } from '../testing/join-run.ts';
import { naiveJoin } from '../testing/naive-join.ts';
import { behaviourEvent, featureRecord } from '../testing/records.ts';

const T = 100_000;

describe('join under fast', () => {
  it('says negative at once, and one sample of one label positive when its event comes', () => {
    const run = new JoinRun('fast');
    run.features({ record: featureRecord({ timeMs: T }) }, 0);
    run.takeStep();
    expect(run.outputs.samples).toHaveLength(1);
    const negative = run.outputs.samples[0]!;
    expect(negative).toMatchObject({ knownTimeMs: T, revision: 0, docIds: ['d0', 'd1', 'd2'] });
    expect(
      negative.labels.map(({ label, values, mask }) => [label, [...floatsFromBytes(values)], [...mask]]),
    ).toEqual(['click', 'like', 'cart'].map((label) => [label, [0, 0, 0], [1, 1, 1]]));
    expect([...negative.kinds]).toEqual([2, 2, 2]);

    run.behaviour({ record: behaviourEvent({ timeMs: T + 6_000, docId: 'd1', ingestTimeMs: 9 }) }, 0);
    run.takeStep();
    const positive = run.outputs.samples[1]!;
    expect(positive).toMatchObject({ knownTimeMs: T + 6_000, revision: 1, docIds: ['d1'], ingestTimeMs: 9 });
    expect([...u32FromBytes(positive.rows)]).toEqual([1]);
    expect([...u32FromBytes(positive.positions)]).toEqual([2]);
    expect([...floatsFromBytes(positive.scores[0]!.values)]).toEqual([Math.fround(0.225)]);
    expect(positive.labels.map(({ label, values }) => [label, ...floatsFromBytes(values)])).toEqual([
      ['click', 1],
    ]);
    expect([...positive.kinds]).toEqual([SampleKind.DELAYED_POSITIVE]);
    expect(Buffer.compare(positive.features, negative.features)).toBe(0);

    run.behaviour({ record: behaviourEvent({ timeMs: T + 7_000, docId: 'd1', eventId: 'e1' }) }, 1);
    run.behaviour(
      { record: behaviourEvent({ timeMs: T + 8_000, docId: 'd1', eventId: 'e2', type: 'cart' }) },
      2,
    );
    run.end();
    expect(run.outputs.samples.slice(2).map(({ revision, labels }) => [revision, labels[0]!.label])).toEqual([
      [2, 'cart'],
    ]);
    expect(run.join.counters).toMatchObject({ samples: 3, sampleRecords: 3, openRequests: 0 });
  });

  it('never lets the time of emission fall, and says progress behind what has left', () => {
    const run = new JoinRun('fast');
    run.features({ record: featureRecord({ timeMs: T }) }, 0);
    run.takeStep();
    expect(run.progressMs).toBe(T + 1);
    run.features({ record: featureRecord({ servingId: 's1', timeMs: T - 1_000 }) }, 1);
    run.takeStep();
    expect(run.outputs.samples[1]!.knownTimeMs).toBe(T + 1);
    expect(run.progressMs).toBe(T + 2);
  });

  it('finds the positives, duplicates, late and orphans that wait finds', () => {
    fc.assert(
      fc.property(featureItems, behaviourItems, (features, behaviour) => {
        const run = new JoinRun('fast');
        features.forEach((item, offset) => {
          run.features(item, offset);
        });
        behaviour.forEach((item, offset) => {
          run.behaviour(item, offset);
          if (offset % 3 === 0) run.takeStep();
        });
        run.end();
        const expected = naiveJoin(TEST_PLAN, features, behaviour);
        expect({ ...run.result(), samples: [] }).toEqual({ ...expected, samples: [] });
        const positives = run.outputs.samples
          .filter(({ revision }) => revision > 0)
          .map(({ servingId, docIds, labels }) => `${servingId}/${docIds[0]}/${labels[0]!.label}`);
        const expectedPositives = expected.samples.flatMap(({ servingId, docIds, labels }) =>
          Object.entries(labels).flatMap(([label, values]) =>
            docIds.filter((_, i) => values[i] === 1).map((docId) => `${servingId}/${docId}/${label}`),
          ),
        );
        expect(positives.sort()).toEqual(expectedPositives.sort());
      }),
      { numRuns: 80 },
    );
  });
});
