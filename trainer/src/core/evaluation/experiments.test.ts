import { describe, expect, it } from 'vitest';
import { encodedSample, type SampleSketch } from '../../testing/sample-records.ts';
import { readSampleRequest } from '../sample-request.ts';
import { Experiments } from './experiments.ts';

const LABELS = ['click', 'cart'];

function counted(sketches: readonly SampleSketch[]): Experiments {
  const experiments = new Experiments();
  for (const sketch of sketches) {
    const request = readSampleRequest(encodedSample(sketch), { partition: 0, offset: 0 }, LABELS, '');
    experiments.add(request, LABELS);
  }
  return experiments;
}

const of = (arm: string, click: readonly (number | null)[], revision = 0): SampleSketch => ({
  labels: { click },
  record: { experimentBuckets: { model: arm, price: 'high' }, revision },
});

describe('experiments', () => {
  it('count requests once and positives whenever they come, by layer and arm', () => {
    const totals = counted([
      of('online', [1, 0]),
      of('online', [0, 0]),
      of('frozen', [0, 0]),
      of('frozen', [null, 1], 1),
    ]).totals();
    expect(totals).toEqual({
      model: {
        online: { requests: 2, positives: { click: 1 } },
        frozen: { requests: 1, positives: { click: 1 } },
      },
      price: { high: { requests: 3, positives: { click: 2 } } },
    });
  });

  it('say nothing of requests that took part in none', () => {
    expect(counted([{}]).totals()).toEqual({});
  });

  it('keep a bounded number of arms apart', () => {
    const totals = counted(Array.from({ length: 100 }, (_, i) => of(`arm-${i}`, [1, 0]))).totals();
    expect(Object.values(totals).flatMap((arms) => Object.keys(arms))).toHaveLength(32);
  });
});
