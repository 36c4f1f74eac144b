// What the trainer knows of its model's quality, fed with every request as it is learned. A label is emitted once per
// sample, when it is final. Once a stream has shown negatives that are only provisional (`fast`), predictions cannot
// be judged at their first emission, and a label's figures but its positives are null.
import type { Prediction } from '../learn-window.ts';
import { Experiments, type ExperimentTotals } from './experiments.ts';
import { LabelEvaluation, type LabelReport, type LabelTotals } from './label-evaluation.ts';

export interface EvaluationReport {
  readonly samples: number;
  readonly requests: number;
  readonly labels: Readonly<Record<string, LabelReport>>;
  readonly experiments: ExperimentTotals;
}

/** What the figures are made of: those of several trainers add up to the figures of all that they trained. */
export interface EvaluationTotals {
  readonly samples: number;
  readonly requests: number;
  readonly not_finite: number;
  readonly provisional: boolean;
  readonly labels: Readonly<Record<string, LabelTotals>>;
  readonly experiments: ExperimentTotals;
}

export class Evaluation {
  readonly #labels: readonly { readonly name: string; readonly figures: LabelEvaluation }[];
  readonly #names: readonly string[];
  readonly #experiments = new Experiments();
  #samples = 0;
  #requests = 0;
  #notFinite = 0;
  #provisional = false;

  constructor(labels: readonly string[]) {
    this.#names = labels;
    this.#labels = labels.map((name) => ({ name, figures: new LabelEvaluation() }));
  }

  /** Predictions or served scores that were no probability; they are left out of the figures. */
  get notFinite(): number {
    return this.#notFinite;
  }

  add({ request, forward, targets }: Prediction): void {
    if (request.provisional) this.#provisional = true;
    if (request.revision === 0) {
      this.#samples += request.docIds.length;
      this.#requests++;
    }
    this.#experiments.add(request, this.#names);
    this.#labels.forEach(({ name, figures }, label) => {
      const values = request.labels[label];
      if (values === undefined) return;
      figures.count(values);
      if (this.#provisional) return;
      if (forward !== undefined && targets !== undefined) {
        const probabilities = forward.probabilities[label]!;
        if (this.#areProbabilities(probabilities)) {
          figures.addProgressive(probabilities, targets.values[label]!, targets.weights[label]!);
        }
      }
      const columns = request.scores.filter(
        (column) => column.label === name && this.#areProbabilities(column.values),
      );
      figures.addServed(columns, values);
    });
  }

  /** By layer and arm. */
  get experiments(): ExperimentTotals {
    return this.#experiments.totals();
  }

  totals(): EvaluationTotals {
    return {
      samples: this.#samples,
      requests: this.#requests,
      not_finite: this.#notFinite,
      provisional: this.#provisional,
      labels: Object.fromEntries(this.#labels.map(({ name, figures }) => [name, figures.totals()])),
      experiments: this.experiments,
    };
  }

  absorb(totals: EvaluationTotals): void {
    this.#samples += totals.samples;
    this.#requests += totals.requests;
    this.#notFinite += totals.not_finite;
    this.#provisional ||= totals.provisional;
    this.#experiments.absorb(totals.experiments);
    for (const { name, figures } of this.#labels) {
      const own = totals.labels[name];
      if (own !== undefined) figures.absorb(own);
    }
  }

  report(): EvaluationReport {
    return {
      samples: this.#samples,
      requests: this.#requests,
      labels: Object.fromEntries(
        this.#labels.map(({ name, figures }) => [name, figures.report(!this.#provisional)]),
      ),
      experiments: this.experiments,
    };
  }

  #areProbabilities(values: ArrayLike<number>): boolean {
    for (let i = 0; i < values.length; i++) {
      if (values[i]! >= 0 && values[i]! <= 1) continue;
      this.#notFinite++;
      return false;
    }
    return true;
  }
}
