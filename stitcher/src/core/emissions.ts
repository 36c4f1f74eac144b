// What is said about a request's samples when labels become known: labels with masks, kinds, revision.
import { bytesOf } from '@weir/proto';
import { type LabelColumn, type LabelEvent, SampleKind } from '@weir/proto/v1/records';
import type { DueGroup, LabelPlan } from './label-plan.ts';
import type { OpenRequest, Positive } from './open-request.ts';
import type { Emission } from './sample-records.ts';

/** Labels whose window had passed when the features came are never spoken of: nobody watched them. */
export function isWatched(request: OpenRequest, group: DueGroup): boolean {
  return request.arrivalWatermarkMs <= request.timeMs + group.windowMs;
}

/** `wait`: the labels of a group for all samples, at the end of its window. Precondition: `isWatched`. */
export function dueEmission(request: OpenRequest, group: DueGroup, plan: LabelPlan): Emission {
  const samples = request.docIds.length;
  const kinds = new Uint8Array(samples).fill(SampleKind.REAL_NEGATIVE);
  let ingestTimeMs = 0;
  const labels = group.labels.map((label): LabelColumn => {
    const values = new Float32Array(samples);
    for (const positive of request.positives) {
      if (positive.label !== label) continue;
      values[positive.sample] = 1;
      // A sample with an immediate positive is one, whatever else it has.
      if (kinds[positive.sample] !== SampleKind.IMMEDIATE_POSITIVE) kinds[positive.sample] = kindOf(positive);
      ingestTimeMs = Math.max(ingestTimeMs, positive.ingestTimeMs);
    }
    return column(plan, label, values);
  });
  const events = request.positives
    .filter(({ label }) => group.labels.includes(label))
    .map((positive) => eventBehind(positive, positive.sample, plan));
  const revision = plan.groups.filter((g) => g.windowMs < group.windowMs && isWatched(request, g)).length;
  return { knownTimeMs: request.timeMs + group.windowMs, revision, kinds, labels, ingestTimeMs, events };
}

/** `fast`: every watched label of every sample is negative until something else is heard. */
export function negativeEmission(request: OpenRequest, plan: LabelPlan, knownTimeMs: number): Emission {
  const samples = request.docIds.length;
  const watched = plan.groups.filter((group) => isWatched(request, group)).flatMap((group) => group.labels);
  return {
    knownTimeMs,
    revision: 0,
    kinds: new Uint8Array(samples).fill(SampleKind.OBSERVED_NEGATIVE),
    labels: watched.map((label) => column(plan, label, new Float32Array(samples))),
    ingestTimeMs: 0,
    events: [],
  };
}

/** `fast`: one label of one sample turns out positive. */
export function positiveEmission(
  request: OpenRequest,
  positive: Positive,
  plan: LabelPlan,
  knownTimeMs: number,
): Emission {
  return {
    knownTimeMs,
    revision: request.revision,
    kinds: Uint8Array.of(kindOf(positive)),
    labels: [column(plan, positive.label, Float32Array.of(1))],
    ingestTimeMs: positive.ingestTimeMs,
    events: [eventBehind(positive, 0, plan)],
  };
}

function eventBehind({ label, eventId, timeMs }: Positive, sample: number, plan: LabelPlan): LabelEvent {
  return { label: plan.labels[label]!.label, sample, eventId, timeMs };
}

function kindOf(positive: Positive): number {
  return positive.delayed ? SampleKind.DELAYED_POSITIVE : SampleKind.IMMEDIATE_POSITIVE;
}

function column(plan: LabelPlan, label: number, values: Float32Array): LabelColumn {
  return {
    label: plan.labels[label]!.label,
    values: bytesOf(values),
    mask: new Uint8Array(values.length).fill(1),
  };
}
