import { bytesOf, floatsFromBytes, u32FromBytes } from '@weir/proto';
import { type BehaviourEvent, type FeatureRecord, SampleKind } from '@weir/proto/v1/records';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { behaviourItems, featureItems, TEST_PLAN } from '../testing/arbitrary-streams.ts';
import { JoinRun, NOW_MS } from '../testing/join-run.ts';
import { naiveJoin, type StreamItem } from '../testing/naive-join.ts';
import { behaviourEvent, featureRecord } from '../testing/records.ts';
import { totalOf } from './counters.ts';

const T = 100_000;

/** Runs both streams, interleaved and cut into steps as `choices` says. */
function runInterleaved(
  features: readonly StreamItem<FeatureRecord>[],
  behaviour: readonly StreamItem<BehaviourEvent>[],
  choices: Iterator<number>,
): JoinRun {
  const run = new JoinRun();
  let f = 0;
  let b = 0;
  while (f < features.length || b < behaviour.length) {
    const choice = choices.next().value!;
    if ((choice & 1) === 0 && f < features.length) run.features(features[f]!, f++);
    else if (b < behaviour.length) run.behaviour(behaviour[b]!, b++);
    if ((choice & 6) === 0) run.fire();
    if ((choice & 24) === 0) run.fire(Math.max(run.join.firedMs, Math.floor(run.join.watermarkMs / 2)));
    if ((choice & 32) === 0) run.takeStep();
  }
  run.end();
  return run;
}

describe('join under wait', () => {
  it('gives what a batch join of the whole streams gives, however their reads interleave', () => {
    fc.assert(
      fc.property(
        featureItems,
        behaviourItems,
        fc.infiniteStream(fc.nat(63)),
        (features, behaviour, choices) => {
          const run = runInterleaved(features, behaviour, choices);
          expect(run.result()).toEqual(naiveJoin(TEST_PLAN, features, behaviour));
          const { counters } = run.join;
          expect(totalOf(counters.late)).toBe(run.outputs.late.length);
          expect(totalOf(counters.orphans)).toBe(run.outputs.orphans.length);
          expect(counters.openRequests).toBe(0);
          expect(run.join.waiting.count).toBe(0);
          expect(run.join.requests.count).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('emits each label at the end of its own window, labels of one window together', () => {
    const run = new JoinRun();
    run.features({ record: featureRecord({ timeMs: T }) }, 0);
    run.behaviour({ record: behaviourEvent({ timeMs: T + 10_000, docId: 'd1', ingestTimeMs: 5 }) }, 0);
    run.behaviour(
      { record: behaviourEvent({ eventId: 'e1', timeMs: T + 2_000, docId: 'd1', ingestTimeMs: 7 }) },
      1,
    );
    run.behaviour(
      { record: behaviourEvent({ eventId: 'e2', timeMs: T + 1_000, docId: 'd2', type: 'cart' }) },
      2,
    );
    run.end();
    const [first, second] = run.outputs.samples;
    expect(first).toMatchObject({ knownTimeMs: T + 10_000, revision: 0, ingestTimeMs: 7, timeMs: T });
    expect(
      first!.labels.map(({ label, values, mask }) => [label, [...floatsFromBytes(values)], [...mask]]),
    ).toEqual([
      ['click', [0, 1, 0], [1, 1, 1]],
      ['like', [0, 0, 0], [1, 1, 1]],
    ]);
    expect([...first!.kinds]).toEqual([
      SampleKind.REAL_NEGATIVE,
      SampleKind.DELAYED_POSITIVE,
      SampleKind.REAL_NEGATIVE,
    ]);
    expect(second).toMatchObject({ knownTimeMs: T + 30_000, revision: 1, ingestTimeMs: 0 });
    expect(second!.labels.map(({ label }) => label)).toEqual(['cart']);
    expect(second!.kinds[2]).toBe(SampleKind.IMMEDIATE_POSITIVE);
    expect(run.join.counters).toMatchObject({
      samples: 3,
      sampleRecords: 2,
      events: 3,
      positives: { click: 1, cart: 1 },
    });
  });

  it('passes features, scores and versions on as they came, and fills in positions', () => {
    const run = new JoinRun();
    const modelVersion = { staticHash: 'h', schemaFingerprint: 'f', tableSet: 's', rows: [] };
    const experimentBuckets = { model: 'frozen' };
    const record = featureRecord({ timeMs: T, modelVersion, keepProbability: 0.5, experimentBuckets });
    run.features({ record }, 41);
    run.end();
    const sample = run.outputs.samples[0]!;
    const { features, scores, user, scene, keepProbability, docIds } = record;
    expect(sample).toMatchObject({ modelVersion, user, scene, keepProbability, docIds, experimentBuckets });
    expect(Buffer.compare(sample.features, features)).toBe(0);
    expect([...floatsFromBytes(sample.scores[0]!.values)]).toEqual([...floatsFromBytes(scores[0]!.values)]);
    expect([...u32FromBytes(sample.positions)]).toEqual([1, 2, 3]);
    expect(sample.source).toEqual({ partition: 1, offset: 41 });
    expect(sample.rows).toHaveLength(0);
  });

  it('makes no sample of a document that was not shown', () => {
    const run = new JoinRun();
    const unexposed = bytesOf(Uint32Array.of(1));
    const positions = bytesOf(Uint32Array.of(4, 5, 6));
    run.features({ record: featureRecord({ timeMs: T, unexposed, positions }) }, 0);
    run.behaviour({ record: behaviourEvent({ timeMs: T, docId: 'd1' }) }, 0);
    run.behaviour({ record: behaviourEvent({ timeMs: T, docId: 'd2', eventId: 'e1' }) }, 1);
    run.end();
    const sample = run.outputs.samples[0]!;
    expect(sample.docIds).toEqual(['d0', 'd2']);
    expect([...u32FromBytes(sample.rows)]).toEqual([0, 2]);
    expect([...u32FromBytes(sample.positions)]).toEqual([4, 6]);
    expect([...floatsFromBytes(sample.scores[0]!.values)]).toEqual([0.1, 0.35].map(Math.fround));
    expect([...floatsFromBytes(sample.labels[0]!.values)]).toEqual([0, 1]);
    expect(run.join.counters.orphans).toEqual({ document_unknown: 1 });
  });

  it('sends samples of one time in order of serving id', () => {
    const run = new JoinRun();
    for (const [offset, servingId] of ['b', 'c', 'a', 'B'].entries()) {
      run.features({ record: featureRecord({ servingId, timeMs: T }) }, offset);
    }
    run.end();
    expect(run.outputs.samples.slice(0, 4).map(({ servingId }) => servingId)).toEqual(['B', 'a', 'b', 'c']);
  });

  it('clamps a stamp of the far future to the wall clock and counts it', () => {
    const run = new JoinRun();
    run.features({ record: featureRecord({ timeMs: NOW_MS * 2 }) }, 0);
    run.features({ record: featureRecord({ servingId: 's1', timeMs: NOW_MS }) }, 1);
    expect(run.join.counters.clamped).toBe(1);
    expect(run.join.clock('features').watermarkMs).toBe(NOW_MS - 2_000);
    run.end();
    expect(run.outputs.samples[0]!.timeMs).toBe(NOW_MS);
  });

  it.each([
    ['serving_id_missing', { servingId: '' }],
    ['id_too_long', { servingId: 'x'.repeat(513) }],
    ['documents_missing', { docIds: [] }],
    ['documents_too_many', { docIds: Array.from({ length: 4097 }, (_, i) => `d${i}`), scores: [] }],
    ['document_missing', { docIds: ['a', ''] }],
    ['document_repeated', { docIds: ['a', 'b', 'a'] }],
    ['time_missing', { timeMs: 0 }],
    ['time_absurd', { timeMs: -5 }],
    ['column_length', { positions: new Uint8Array(8) }],
    ['column_length', { scores: [{ label: 'click', arm: '', values: new Uint8Array(8) }] }],
    ['column_length', { unexposed: bytesOf(Uint32Array.of(3)) }],
    [
      'value_not_finite',
      { scores: [{ label: 'l', arm: '', values: bytesOf(Float32Array.of(0, Number.NaN, 0)) }] },
    ],
    ['keep_probability_absurd', { keepProbability: 1.5 }],
    ['never_exposed', { unexposed: bytesOf(Uint32Array.of(2, 0, 1)) }],
  ])('rejects a feature record: %s', (reason, fields) => {
    const run = new JoinRun();
    run.features({ record: featureRecord({ timeMs: T, ...fields }) }, 0);
    run.end();
    expect(run.outputs.rejected.map((record) => record.reason)).toEqual([reason]);
    expect(run.join.counters).toMatchObject({ rejected: { [reason]: 1 }, requests: 0 });
    expect(run.outputs.samples).toEqual([]);
  });

  it.each([
    ['event_id_missing', { eventId: '' }],
    ['type_missing', { type: '' }],
    ['document_missing', { docId: '' }],
    ['id_too_long', { docId: 'x'.repeat(513) }],
    ['value_not_finite', { value: Number.POSITIVE_INFINITY }],
    ['time_missing', { timeMs: 0 }],
  ])('rejects an event: %s', (reason, fields) => {
    const run = new JoinRun();
    run.behaviour({ record: behaviourEvent(fields) }, 0);
    run.end();
    expect(run.outputs.rejected[0]).toMatchObject({ reason, stream: 'behaviour' });
  });

  it('rejects bytes that are no record, and keeps them', () => {
    const run = new JoinRun();
    const value = Uint8Array.of(0xff, 1, 2);
    run.join.features({ offset: 0, value, record: undefined }, NOW_MS);
    run.end();
    expect(run.outputs.rejected[0]).toMatchObject({ reason: 'undecodable', stream: 'features' });
    expect([...run.outputs.rejected[0]!.record]).toEqual([...value]);
  });

  it('settles events that no features can reach any more when too many wait', () => {
    const run = new JoinRun();
    run.behaviour({ record: behaviourEvent({ timeMs: T }) }, 0);
    run.behaviour({ record: behaviourEvent({ timeMs: T + 5_000, eventId: 'e1' }) }, 1);
    run.features({ progressMs: T + 1 }, 0);
    run.join.settleUnreachable();
    run.takeStep();
    expect(run.outputs.orphans).toHaveLength(1);
    expect(run.join.waiting.count).toBe(1);
  });
});
