// What /metrics says of the model's quality, by label. Sums that only rise, so that any span of time can be looked at: the
// log loss of the last five minutes is the rate of the loss over the rate of the weight. What no sum gives (AUC, normalised
// entropy) stands as of the start of the process.
import { meter } from '@weir/runtime';
import type { Evaluation } from './core/evaluation/evaluation.ts';

/** `progressive`: what the trainer predicted before it learned; `served`: what the user was shown by. */
const VIEWS = ['progressive', 'served'] as const;

export function observeEvaluation(evaluation: Evaluation): void {
  const instruments = meter('weir.trainer');
  const sum = (name: string, description: string) =>
    instruments.createObservableCounter(`trainer.scored.${name}`, { unit: '1', description });
  const weight = sum('weight', 'Samples judged, by their weights');
  const loss = sum('loss', 'Their log loss in nats, summed');
  const predicted = sum('predicted', 'Their predicted probabilities, summed');
  const observed = sum('observed', 'Their labels, summed: over it, what was predicted is the calibration');
  instruments.addBatchObservableCallback(
    (result) => {
      for (const [label, totals] of Object.entries(evaluation.totals().labels)) {
        for (const view of VIEWS) {
          const of = { label, view };
          result.observe(weight, totals[view].weight, of);
          result.observe(loss, totals[view].loss, of);
          result.observe(predicted, totals[view].prediction, of);
          result.observe(observed, totals[view].target, of);
        }
      }
    },
    [weight, loss, predicted, observed],
  );

  observeExperiments(evaluation);
  const gauge = (name: string, description: string) =>
    instruments.createObservableGauge(`trainer.${name}`, { unit: '1', description });
  const auc = gauge('auc', 'Area under the ROC curve since the start');
  const entropy = gauge('normalised_entropy', 'Progressive log loss over that of the mean, since the start');
  const gauc = gauge('served.gauc', 'AUC within the lists that users were shown, since the start');
  const ndcg = gauge('served.ndcg_10', 'NDCG@10 of the lists that users were shown, since the start');
  const mrr = gauge('served.mrr', 'Mean reciprocal rank of the first positive, since the start');
  instruments.addBatchObservableCallback(
    (result) => {
      for (const [label, report] of Object.entries(evaluation.report().labels)) {
        const see = (
          of: typeof auc,
          value: number | null,
          attributes: Record<string, string> = { label },
        ) => {
          if (value !== null) result.observe(of, value, attributes);
        };
        see(auc, report.auc, { label, view: 'progressive' });
        see(auc, report.served.auc, { label, view: 'served' });
        see(entropy, report.normalised_entropy);
        see(gauc, report.served.gauc);
        see(ndcg, report.served.ndcg_10);
        see(mrr, report.served.mrr);
      }
    },
    [auc, entropy, gauc, ndcg, mrr],
  );
}

/** Sums that only rise, by arm: click-through is the rate of the positives over the rate of the requests. */
function observeExperiments(evaluation: Evaluation): void {
  const instruments = meter('weir.trainer');
  const requests = instruments.createObservableCounter('trainer.experiment.requests', {
    unit: '{request}',
    description: 'Requests that took part in an experiment, by layer and arm',
  });
  const positives = instruments.createObservableCounter('trainer.experiment.positives', {
    unit: '{sample}',
    description: 'Their samples that turned out positive, by label',
  });
  instruments.addBatchObservableCallback(
    (result) => {
      for (const [layer, arms] of Object.entries(evaluation.experiments)) {
        for (const [arm, totals] of Object.entries(arms)) {
          result.observe(requests, totals.requests, { layer, arm });
          for (const [label, count] of Object.entries(totals.positives)) {
            result.observe(positives, count, { layer, arm, label });
          }
        }
      }
    },
    [requests, positives],
  );
}
