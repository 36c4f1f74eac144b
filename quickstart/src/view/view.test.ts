import { describe, expect, it } from 'vitest';
import type { LabelFigures, ServiceFigures } from '../figures/service-figures.ts';
import type { ReplayProgress } from '../replay/replay.ts';
import { frame } from './frame.ts';
import { type Look, liveFigures } from './live-figures.ts';
import { plainLine } from './plain-line.ts';
import { devOutput, summary } from './summary.ts';

const label = (frozen: LabelFigures['frozen']): LabelFigures => ({
  log_loss: 0.6,
  auc: 0.7,
  normalised_entropy: 0.9,
  served: { log_loss: 0.6123, auc: 0.7321, gauc: null, mrr: null, ndcg_10: null },
  frozen,
});

const look = (atMs: number, samples: number, frozen?: LabelFigures['frozen']): Look => ({
  atMs,
  progress: {
    requests: samples,
    impressions: samples,
    events: 200,
    refused: 0,
    timeMs: Date.UTC(2001, 1, 3),
    drained: false,
    samples,
    positives: new Map(),
    durationMs: atMs,
  } satisfies ReplayProgress,
  figures: {
    rejected: 0,
    duplicates: 0,
    late: 4,
    orphans: 6,
    openRequests: 1,
    trainedSamples: samples,
    labels: new Map([['click', label(frozen)]]),
    freshnessP50Ms: 340,
    freshnessP99Ms: 1200,
    rankCalls: samples,
    deltaRows: 0,
    shards: [{ id: 'shard-0', rows: 10, pushRows: samples * 2 }],
    processes: 8,
  } satisfies ServiceFigures,
});

const frozen = { frozen: { log_loss: 0.67, auc: 0.62 }, served: { log_loss: 0.61, auc: 0.74 } };

describe('live view', () => {
  it('takes rates between two looks', () => {
    const figures = liveFigures('click', look(1_000, 1_000), look(3_000, 5_000));
    expect(figures.samplesPerS).toBe(2_000);
    expect(figures.shards).toEqual([{ id: 'shard-0', rows: 10, rowsPerS: 4_000 }]);
    expect(figures.associationRate).toBeCloseTo(0.95);
  });

  it('compares online with frozen once something was scored by both', () => {
    expect(liveFigures('click', undefined, look(1, 1)).comparison).toBeUndefined();
    const nothingYet = { frozen: { log_loss: null, auc: null }, served: { log_loss: null, auc: null } };
    expect(liveFigures('click', undefined, look(1, 1, nothingYet)).comparison).toBeUndefined();
    expect(liveFigures('click', undefined, look(1, 1, frozen)).comparison).toEqual({
      online: frozen.served,
      frozen: frozen.frozen,
    });
  });

  it('draws every figure, never wider than the terminal', () => {
    const figures = liveFigures('click', undefined, look(1_000, 500, frozen));
    const input = {
      figures,
      title: 'test',
      requestsTotal: 1_000,
      elapsedS: 1,
      history: [{ online: 0.6, frozen: 0.7 }],
    };
    const text = frame({ ...input, columns: 200 }).join('\n');
    for (const shown of [
      '50.0 %',
      '0.6123',
      '0.732',
      '0.6100',
      '0.6700',
      '95.0 %',
      '340 ms',
      'shard-0',
      '2001-02-03',
    ]) {
      expect(text).toContain(shown);
    }
    for (const line of frame({ ...input, columns: 30 })) expect(line.length).toBeLessThanOrEqual(30);
    expect(plainLine(figures, 1, 1_000)).toMatch(
      /^1\.0 s \| 50\.0 % \| served log loss 0\.6123 AUC 0\.732 \| online /,
    );
  });

  it('ends with the figures of the comparison, or of what was served when it was ended before', () => {
    const input = (now: Look) => ({
      figures: liveFigures('click', undefined, now),
      firstFiguresS: 3,
      durationS: 60.12345,
      requestsTotal: 1_000,
      predictorRestarts: 0,
    });
    expect(devOutput(input(look(1, 1_000, frozen)))).toEqual({
      first_figures_s: 3,
      online: { log_loss: 0.61, auc: 0.74 },
      frozen: { log_loss: 0.67, auc: 0.62 },
      samples: 1_000,
      duration_s: 60.123,
    });
    expect(devOutput(input(look(1, 100)))).toMatchObject({
      online: { log_loss: 0.6123, auc: 0.7321 },
      frozen: { log_loss: null, auc: null },
    });
    expect(summary(input(look(1, 1_000, frozen))).join('\n')).not.toContain('predictor');
    const restarted = { ...input(look(1, 1_000, frozen)), predictorRestarts: 2 };
    expect(summary(restarted).join('\n')).toContain('the predictor was started again (restarts: 2)');
    expect(devOutput(restarted)).toMatchObject({ predictor_restarts: 2 });
    expect(summary(input(look(1, 100)))[0]).toMatch(/^10\.0 % of the data set in 60\.1 s/);
  });
});
