// What became of each arm of the experiments that requests took part in: how many requests, and how often each label came.
// Sums alone, so those of several trainers add up; what they mean is for the reader, who knows the experiment.
import type { LabelValues, SampleRequest } from '../sample-request.ts';

/** Layers and arms that are kept apart; records name them, so their number must be bounded. What comes later is left out. */
const ARMS_MAX = 32;

export interface ArmTotals {
  readonly requests: number;
  /** Samples that turned out positive, by label. */
  readonly positives: Readonly<Record<string, number>>;
}

/** By layer and arm. */
export type ExperimentTotals = Readonly<Record<string, Readonly<Record<string, ArmTotals>>>>;

interface Sums {
  readonly layer: string;
  readonly arm: string;
  requests: number;
  readonly positives: Record<string, number>;
}

export class Experiments {
  readonly #arms = new Map<string, Sums>();

  /** @param values the samples' labels, by the names of `labels`. */
  add({ experimentBuckets, revision, labels: values }: SampleRequest, labels: readonly string[]): void {
    for (const [layer, arm] of Object.entries(experimentBuckets)) {
      const sums = this.#sums(layer, arm);
      if (sums === undefined) continue;
      if (revision === 0) sums.requests++;
      labels.forEach((label, index) => {
        const positives = countPositives(values[index]);
        if (positives > 0) sums.positives[label] = (sums.positives[label] ?? 0) + positives;
      });
    }
  }

  absorb(totals: ExperimentTotals): void {
    for (const [layer, arms] of Object.entries(totals)) {
      for (const [arm, { requests, positives }] of Object.entries(arms)) {
        const sums = this.#sums(layer, arm);
        if (sums === undefined) continue;
        sums.requests += requests;
        for (const [label, count] of Object.entries(positives)) {
          sums.positives[label] = (sums.positives[label] ?? 0) + count;
        }
      }
    }
  }

  totals(): ExperimentTotals {
    const layers: Record<string, Record<string, ArmTotals>> = {};
    for (const { layer, arm, requests, positives } of this.#arms.values()) {
      layers[layer] = { ...layers[layer], [arm]: { requests, positives: { ...positives } } };
    }
    return layers;
  }

  #sums(layer: string, arm: string): Sums | undefined {
    const name = `${layer}/${arm}`;
    const known = this.#arms.get(name);
    if (known !== undefined || this.#arms.size === ARMS_MAX) return known;
    const sums: Sums = { layer, arm, requests: 0, positives: {} };
    this.#arms.set(name, sums);
    return sums;
  }
}

function countPositives(label: LabelValues | undefined): number {
  if (label === undefined) return 0;
  let positives = 0;
  for (let i = 0; i < label.known.length; i++) {
    if (label.known[i] === 1 && label.values[i] === 1) positives++;
  }
  return positives;
}
