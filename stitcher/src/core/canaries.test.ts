import { canaryServingId } from '@weir/proto';
import { SampleKind } from '@weir/proto/v1/records';
import { describe, expect, it } from 'vitest';
import { JoinRun, NOW_MS } from '../testing/join-run.ts';
import { behaviourEvent, featureRecord } from '../testing/records.ts';
import { emptyCounters } from './counters.ts';

const servingId = canaryServingId(7, 'n');
const features = { record: featureRecord({ servingId, timeMs: NOW_MS, docIds: ['weir-canary'] }) };
const event = {
  record: behaviourEvent({
    servingId,
    type: 'canary',
    docId: 'weir-canary',
    timeMs: NOW_MS,
    ingestTimeMs: 9,
  }),
};

describe.each(['wait', 'fast'] as const)('canaries in a join under %s', (policy) => {
  it.each([
    ['features first', true],
    ['event first', false],
  ])('leave as one sample without labels once both halves are here: %s', (_name, isFeaturesFirst) => {
    const run = new JoinRun(policy);
    if (isFeaturesFirst) run.features(features, 3);
    else run.behaviour(event, 0);
    run.takeStep();
    expect(run.outputs.samples).toEqual([]);
    if (isFeaturesFirst) run.behaviour(event, 0);
    else run.features(features, 3);
    run.takeStep();
    expect(run.outputs.samples).toHaveLength(1);
    expect(run.outputs.samples[0]).toMatchObject({
      servingId,
      labels: [],
      docIds: ['weir-canary'],
      ingestTimeMs: 9,
      source: { partition: 1, offset: 3 },
    });
    expect([...run.outputs.samples[0]!.kinds]).toEqual([SampleKind.IMMEDIATE_POSITIVE]);
    run.end();
    expect(run.outputs.samples).toHaveLength(1);
  });

  it('count nothing, move no clock and keep no request open', () => {
    const run = new JoinRun(policy);
    run.features(features, 0);
    run.behaviour(event, 0);
    run.takeStep();
    const { counters, watermarkMs, options } = run.join;
    expect(counters).toEqual(emptyCounters(options.plan.labels.map(({ label }) => label)));
    expect(watermarkMs).toBe(0);
    run.end();
    expect(run.outputs).toMatchObject({ late: [], orphans: [], rejected: [] });
  });
});
