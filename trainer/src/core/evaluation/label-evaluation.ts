// One label's figures: progressive (what the trainer predicted before it learned), served (what the user was
// shown by), and shadow arms beside what was served, on the same samples.
import type { LabelValues, Scores } from '../sample-request.ts';
import { RankingSums, type RankingTotals } from './ranking-sums.ts';
import { ScoreSums, type ScoreTotals } from './score-sums.ts';

/** Arms kept apart; records name them, so their number must be bounded. What comes later is taken together. */
const ARMS_MAX = 8;
const OTHER_ARMS = 'others';

const SERVED = '';

interface Arm {
  readonly own: ScoreSums;
  readonly served: ScoreSums;
}

export interface LabelReport {
  readonly positives: number;
  readonly log_loss: number | null;
  readonly normalised_entropy: number | null;
  readonly auc: number | null;
  readonly calibration: number | null;
  readonly served: {
    readonly log_loss: number | null;
    readonly auc: number | null;
    readonly gauc: number | null;
    readonly mrr: number | null;
    readonly ndcg_10: number | null;
  };
  readonly arms: Readonly<Record<string, ArmReport>>;
}

export interface ArmReport {
  readonly log_loss: number | null;
  readonly auc: number | null;
  readonly samples: number;
  readonly served_on_same: { readonly log_loss: number | null; readonly auc: number | null };
}

/** What the figures are made of: of several evaluations it adds up. */
export interface LabelTotals {
  readonly positives: number;
  readonly progressive: ScoreTotals;
  readonly served: ScoreTotals;
  readonly ranking: RankingTotals;
  readonly arms: Readonly<Record<string, { readonly own: ScoreTotals; readonly served: ScoreTotals }>>;
}

const NO_FIGURES = {
  log_loss: null,
  normalised_entropy: null,
  auc: null,
  calibration: null,
  served: { log_loss: null, auc: null, gauc: null, mrr: null, ndcg_10: null },
  arms: {},
};

export class LabelEvaluation {
  readonly #progressive = new ScoreSums();
  readonly #served = new ScoreSums();
  readonly #ranking = new RankingSums();
  readonly #arms = new Map<string, Arm>();
  #positives = 0;

  /** Counts positives of every emission, corrections included. */
  count({ values, known }: LabelValues): void {
    for (let i = 0; i < known.length; i++) if (known[i] === 1 && values[i] === 1) this.#positives++;
  }

  /** @param weights 0 where the label is unknown or the sample left out. */
  addProgressive(probabilities: Float64Array, values: Float32Array, weights: Float32Array): void {
    for (let i = 0; i < probabilities.length; i++) {
      if (weights[i]! > 0) this.#progressive.add(probabilities[i]!, values[i]!, weights[i]);
    }
  }

  /** @param columns the label's scores of one list, by arm. */
  addServed(columns: readonly Scores[], { values, known }: LabelValues): void {
    const labelled: number[] = [];
    for (let i = 0; i < known.length; i++) if (known[i] === 1) labelled.push(i);
    if (labelled.length === 0) return;
    const served = columns.find((column) => column.arm === SERVED);
    if (served !== undefined) {
      for (const i of labelled) this.#served.add(served.values[i]!, values[i]!);
      const [scores, targets] = [labelled.map((i) => served.values[i]!), labelled.map((i) => values[i]!)];
      this.#ranking.addList(scores, targets);
    }
    for (const column of columns) {
      if (column.arm === SERVED) continue;
      const arm = this.#arm(column.arm);
      for (const i of labelled) {
        arm.own.add(column.values[i]!, values[i]!);
        if (served !== undefined) arm.served.add(served.values[i]!, values[i]!);
      }
    }
  }

  totals(): LabelTotals {
    return {
      positives: this.#positives,
      progressive: this.#progressive.totals(),
      served: this.#served.totals(),
      ranking: this.#ranking.totals(),
      arms: Object.fromEntries(
        [...this.#arms].map(([name, { own, served }]) => [
          name,
          { own: own.totals(), served: served.totals() },
        ]),
      ),
    };
  }

  absorb({ positives, progressive, served, ranking, arms }: LabelTotals): void {
    this.#positives += positives;
    this.#progressive.absorb(progressive);
    this.#served.absorb(served);
    this.#ranking.absorb(ranking);
    for (const [name, totals] of Object.entries(arms)) {
      const arm = this.#arm(name);
      arm.own.absorb(totals.own);
      arm.served.absorb(totals.served);
    }
  }

  /** @param final whether the label's values were final when they were evaluated; if not, only positives count. */
  report(final: boolean): LabelReport {
    if (!final) return { ...NO_FIGURES, positives: this.#positives };
    const progressive = this.#progressive;
    return {
      positives: this.#positives,
      log_loss: progressive.logLoss,
      normalised_entropy: progressive.normalisedEntropy,
      auc: progressive.auc,
      calibration: progressive.calibration,
      served: {
        log_loss: this.#served.logLoss,
        auc: this.#served.auc,
        gauc: this.#ranking.gauc,
        mrr: this.#ranking.mrr,
        ndcg_10: this.#ranking.ndcg,
      },
      arms: Object.fromEntries([...this.#arms].map(([name, arm]) => [name, armReport(arm)])),
    };
  }

  #arm(given: string): Arm {
    const name = this.#arms.has(given) || this.#arms.size < ARMS_MAX ? given : OTHER_ARMS;
    const arm = this.#arms.get(name) ?? { own: new ScoreSums(), served: new ScoreSums() };
    this.#arms.set(name, arm);
    return arm;
  }
}

function armReport({ own, served }: Arm): ArmReport {
  return {
    log_loss: own.logLoss,
    auc: own.auc,
    samples: own.samples,
    served_on_same: { log_loss: served.logLoss, auc: served.auc },
  };
}
