import { createExampleDecoder, logLoss, lr } from '@weir/model';
import { SampleKind } from '@weir/proto/v1/records';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodedSample, type SampleSketch } from '../../testing/sample-records.ts';
import { learnWindow } from '../learn-window.ts';
import { prepareRequest } from '../prepare-request.ts';
import { readSampleRequest } from '../sample-request.ts';
import { WindowBuilder } from '../window.ts';
import { AucHistogram } from './auc-histogram.ts';
import { Evaluation, type EvaluationTotals } from './evaluation.ts';
import { rankList } from './rank-list.ts';
import { ScoreSums } from './score-sums.ts';

/** Share of pairs (positive, negative) won, ties half: the definition. */
function exactAuc(scores: readonly number[], targets: readonly number[]): number | null {
  let won = 0;
  let pairs = 0;
  scores.forEach((a, i) => {
    scores.forEach((b, j) => {
      if (targets[i] !== 1 || targets[j] !== 0) return;
      pairs++;
      won += a > b ? 1 : a === b ? 0.5 : 0;
    });
  });
  return pairs === 0 ? null : won / pairs;
}

/** All orders of a list's places. */
function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

const score = fc.double({ min: 0.001, max: 0.999, noNaN: true });
const scored = fc.array(fc.record({ score, target: fc.constantFrom(0, 1) }), { minLength: 1, maxLength: 60 });

describe('AucHistogram', () => {
  it('is the share of pairs won, up to the width of a bin', () => {
    fc.assert(
      fc.property(scored, (list) => {
        // Scores on a grid far wider than the bins, so that ties are true ties.
        const scores = list.map((one) => Math.round(one.score * 50) / 51 + 0.005);
        const targets = list.map((one) => one.target);
        const histogram = new AucHistogram();
        scores.forEach((one, i) => {
          histogram.add(one, targets[i]!, 1);
        });
        const expected = exactAuc(scores, targets);
        if (expected === null) expect(histogram.value).toBeNull();
        else expect(histogram.value).toBeCloseTo(expected, 12);
      }),
      { numRuns: 30 },
    );
  });

  it('takes scores of exactly 0 and 1', () => {
    const histogram = new AucHistogram();
    histogram.add(1, 1, 1);
    histogram.add(0, 0, 1);
    expect(histogram.value).toBe(1);
  });
});

describe('ScoreSums', () => {
  it('has the mean loss, entropy and calibration of what was added, by weight', () => {
    const sums = new ScoreSums();
    expect([sums.logLoss, sums.normalisedEntropy, sums.calibration, sums.auc]).toEqual([
      null,
      null,
      null,
      null,
    ]);
    sums.add(0.8, 1);
    sums.add(0.4, 0, 3);
    const loss = (logLoss(0.8, 1) + 3 * logLoss(0.4, 0)) / 4;
    expect(sums.logLoss).toBeCloseTo(loss, 12);
    expect(sums.normalisedEntropy).toBeCloseTo(loss / logLoss(0.25, 0.25), 12);
    expect(sums.calibration).toBeCloseTo(0.8 + 1.2, 12);
    expect(sums.samples).toBe(2);
  });
});

describe('rankList', () => {
  it('is the mean over all orders of equal scores', () => {
    const list = fc.array(
      fc.record({ score: fc.constantFrom(0.1, 0.2, 0.3), target: fc.constantFrom(0, 1) }),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(list, (documents) => {
        const scores = documents.map((one) => one.score);
        const targets = documents.map((one) => one.target);
        const orders = permutations(documents.map((_, i) => i)).filter((order) =>
          order.every((place, i) => i === 0 || scores[order[i - 1]!]! >= scores[place]!),
        );
        const positives = targets.filter((target) => target === 1).length;
        const quality = rankList(scores, targets);
        expect(quality.auc).toEqual(
          exactAuc(scores, targets) === null ? null : expect.closeTo(exactAuc(scores, targets)!, 10),
        );
        if (positives === 0) {
          expect([quality.reciprocalRank, quality.ndcg]).toEqual([null, null]);
          return;
        }
        const reciprocal = orders.map((order) => 1 / (order.findIndex((place) => targets[place] === 1) + 1));
        const gains = orders.map((order) =>
          order.reduce((sum, place, i) => sum + targets[place]! / Math.log2(i + 2), 0),
        );
        const ideal = Array.from({ length: positives }, (_, i) => 1 / Math.log2(i + 2)).reduce(
          (a, b) => a + b,
        );
        expect(quality.reciprocalRank).toBeCloseTo(mean(reciprocal), 10);
        expect(quality.ndcg).toBeCloseTo(mean(gains) / ideal, 10);
      }),
      { numRuns: 60 },
    );
  });

  it('counts gains of the first ten places only', () => {
    const scores = Array.from({ length: 12 }, (_, i) => 1 - i / 20);
    const at = (place: number) => scores.map((_, i) => (i === place ? 1 : 0));
    expect(rankList(scores, at(9)).ndcg).toBeCloseTo(1 / Math.log2(11), 12);
    expect(rankList(scores, at(10)).ndcg).toBe(0);
    expect(rankList(scores, at(10)).reciprocalRank).toBeCloseTo(1 / 11, 12);
  });
});

describe('Evaluation', () => {
  const labels = ['click', 'cart'];
  const model = lr({ schema: undefined, labels });
  const decoder = createExampleDecoder(model.schema);

  const evaluate = (sketches: readonly SampleSketch[]) => evaluated(sketches).report();

  function evaluated(sketches: readonly SampleSketch[]): Evaluation {
    const evaluation = new Evaluation(labels);
    const builder = new WindowBuilder(model.tables, { requestsMax: 1e9, bytesMax: 1e9 });
    for (const sketch of sketches) {
      const request = readSampleRequest(encodedSample(sketch), { partition: 0, offset: 0 }, labels, '');
      builder.add(prepareRequest(request, model, decoder, [1, 1]));
    }
    const window = builder.close('count', []);
    learnWindow(model, window, [new Float32Array(window.keys[0]!.length)], (prediction) =>
      evaluation.add(prediction),
    );
    return evaluation;
  }

  const request = (scores: Record<string, number[]>, click: number[]): SampleSketch => ({
    labels: { click },
    scores,
  });

  it('compares arms with what was served on the same samples', () => {
    const {
      labels: figures,
      samples,
      requests,
    } = evaluate([
      request({ click: [0.9, 0.2] }, [1, 0]),
      request({ click: [0.7, 0.4], 'click@frozen': [0.1, 0.6] }, [1, 0]),
    ]);
    expect([samples, requests]).toEqual([4, 2]);
    const f32 = (list: number[]) => list.map(Math.fround);
    const loss = (probabilities: number[]) =>
      mean(f32(probabilities).map((p, i) => logLoss(p, i % 2 === 0 ? 1 : 0)));
    expect(figures.click).toEqual({
      positives: 2,
      log_loss: expect.closeTo(Math.LN2, 12),
      normalised_entropy: expect.closeTo(1, 12),
      auc: 0.5,
      calibration: 1,
      served: {
        log_loss: expect.closeTo(loss([0.9, 0.2, 0.7, 0.4]), 12),
        auc: 1,
        gauc: 1,
        mrr: 1,
        ndcg_10: 1,
      },
      arms: {
        frozen: {
          log_loss: expect.closeTo(loss([0.1, 0.6]), 12),
          auc: 0,
          samples: 2,
          served_on_same: { log_loss: expect.closeTo(loss([0.7, 0.4]), 12), auc: 1 },
        },
      },
    });
    expect(figures.cart).toMatchObject({ positives: 0, log_loss: null, auc: null, served: { mrr: null } });
  });

  it('takes a further label of samples that it knows without counting them again', () => {
    const report = evaluate([
      request({ click: [0.9, 0.2] }, [1, 0]),
      { labels: { cart: [1, null] }, record: { revision: 1 } },
    ]);
    expect(report).toMatchObject({ samples: 2, requests: 1, labels: { cart: { positives: 1 } } });
    expect(report.labels.cart!.log_loss).toBeCloseTo(Math.LN2, 12);
  });

  it('gives nothing but positives once negatives are provisional', () => {
    const kinds = new Uint8Array(2).fill(SampleKind.OBSERVED_NEGATIVE);
    const report = evaluate([
      { labels: { click: [0, 0] }, record: { kinds }, scores: { click: [0.5, 0.1] } },
      { labels: { click: [1, null] }, record: { revision: 1 } },
    ]);
    expect(report).toMatchObject({ samples: 2, requests: 1 });
    expect(report.labels.click).toMatchObject({
      positives: 1,
      log_loss: null,
      auc: null,
      served: { auc: null },
    });
  });

  it('leaves out scores that are no probabilities', () => {
    const report = evaluate([request({ click: [Number.NaN, 0.2] }, [1, 0])]);
    expect(report.labels.click!.served.log_loss).toBeNull();
    expect(report.labels.click!.log_loss).not.toBeNull();
  });

  it('of several trainers adds up, over JSON, to that of one', () => {
    const one = request({ click: [0.9, 0.2], 'click@frozen': [0.3, 0.6] }, [1, 0]);
    const two = request({ click: [0.7, 0.4], 'click@shadow': [0.2, 0.1] }, [0, 1]);
    const three = {
      labels: { cart: [1, null] },
      record: { revision: 1, experimentBuckets: { model: 'online' } },
    };
    const merged = new Evaluation(labels);
    for (const part of [[one], [two, three], []]) {
      merged.absorb(JSON.parse(JSON.stringify(evaluated(part).totals())) as EvaluationTotals);
    }
    expect(merged.report()).toEqual(evaluate([one, two, three]));
  });
});
