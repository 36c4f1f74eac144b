// An independent statement of what `wait` has to give: the whole of both streams in, everything out, no state.
import type { BehaviourEvent, FeatureRecord } from '@weir/proto/v1/records';
import type { LabelPlan } from '../core/label-plan.ts';

export type StreamItem<R> = { readonly progressMs: number } | { readonly record: R };

export interface NaiveSample {
  servingId: string;
  knownTimeMs: number;
  revision: number;
  docIds: string[];
  /** label -> values, one per document. */
  labels: Record<string, number[]>;
  /** `label docId eventId time` of the earliest event behind each positive, sorted. */
  events: string[];
}

export interface NaiveResult {
  samples: NaiveSample[];
  /** `reason servingId/eventId age`, sorted. */
  late: string[];
  orphans: string[];
  duplicates: { features: number; behaviour: number };
  conflicts: { features: number; behaviour: number };
  ignored: number;
}

const BOUND_MS = 2_000;

interface Arrived<R> {
  record: R;
  watermark: number;
}

/** Each record with the watermark of its stream before it. */
function arrivals<R extends { timeMs: number }>(items: readonly StreamItem<R>[]): Arrived<R>[] {
  let watermark = 0;
  let live = true;
  const arrived: Arrived<R>[] = [];
  for (const item of items) {
    if ('progressMs' in item) {
      live = false;
      watermark = Math.max(watermark, item.progressMs);
    } else {
      arrived.push({ record: item.record, watermark });
      if (live) watermark = Math.max(watermark, item.record.timeMs - BOUND_MS);
    }
  }
  return arrived;
}

export function naiveJoin(
  plan: LabelPlan,
  features: readonly StreamItem<FeatureRecord>[],
  behaviour: readonly StreamItem<BehaviourEvent>[],
): NaiveResult {
  const result: NaiveResult = {
    samples: [],
    late: [],
    orphans: [],
    duplicates: { features: 0, behaviour: 0 },
    conflicts: { features: 0, behaviour: 0 },
    ignored: 0,
  };
  const requests = new Map<string, Arrived<FeatureRecord>>();
  for (const arrived of arrivals(features)) {
    const { record, watermark } = arrived;
    const age = watermark - record.timeMs - plan.windowMaxMs;
    const first = requests.get(record.servingId);
    if (age > 0) result.late.push(`after_watermark ${record.servingId}/ ${age}`);
    else if (first === undefined) requests.set(record.servingId, arrived);
    else {
      result.duplicates.features++;
      if (JSON.stringify(first.record) !== JSON.stringify(record)) result.conflicts.features++;
    }
  }

  const positive = new Map<string, BehaviourEvent>();
  const seen = new Map<string, string>();
  for (const { record: event, watermark } of arrivals(behaviour)) {
    const { servingId, eventId, timeMs, type, docId } = event;
    const name = `${servingId}/${eventId}`;
    const window = plan.labels.find((label) => label.label === type);
    if (window === undefined) {
      result.ignored++;
      continue;
    }
    if (servingId === '') {
      result.orphans.push(`serving_id_missing ${name} 0`);
      continue;
    }
    let request = requests.get(servingId);
    // Features that came after the watermark had passed the event, or are forgotten, are not there for it.
    if (request !== undefined && request.watermark > timeMs) request = undefined;
    if (request !== undefined && watermark > request.record.timeMs + 2 * plan.windowMaxMs)
      request = undefined;
    const content = `${type} ${docId} ${timeMs} ${event.value}`;
    const isRepeat = (key: string): boolean => {
      const first = seen.get(key);
      seen.set(key, first ?? content);
      if (first === undefined) return false;
      result.duplicates.behaviour++;
      if (first !== content) result.conflicts.behaviour++;
      return true;
    };
    if (request === undefined) {
      const isRemembered = watermark <= timeMs;
      if (isRemembered && isRepeat(`unmatched ${name} ${timeMs}`)) continue;
      seen.set(`unmatched ${name} ${timeMs}`, seen.get(`unmatched ${name} ${timeMs}`) ?? content);
      if (isRemembered) result.orphans.push(`features_missing ${name} 0`);
      else result.late.push(`behind_watermark ${name} ${watermark - timeMs}`);
      continue;
    }
    const exposure = request.record.timeMs;
    const last = exposure + window.attributionMs;
    if (watermark <= exposure + plan.windowMaxMs) {
      if (isRepeat(name)) continue;
      if (!request.record.docIds.includes(docId)) {
        result.orphans.push(`document_unknown ${name} 0`);
        continue;
      }
    }
    if (timeMs > last) result.late.push(`after_window ${name} ${timeMs - last}`);
    else if (watermark > last) result.late.push(`after_watermark ${name} ${watermark - last}`);
    else {
      const sample = `${servingId}/${docId}/${type}`;
      const known = positive.get(sample);
      if (
        known === undefined ||
        timeMs < known.timeMs ||
        (timeMs === known.timeMs && eventId < known.eventId)
      ) {
        positive.set(sample, event);
      }
    }
  }

  for (const { record, watermark } of requests.values()) {
    const { servingId, docIds, timeMs } = record;
    const windows = [...new Set(plan.labels.map((label) => label.attributionMs))].sort((a, b) => a - b);
    const watched = windows.filter((windowMs) => watermark <= timeMs + windowMs);
    watched.forEach((windowMs, revision) => {
      const labels: Record<string, number[]> = {};
      for (const { label } of plan.labels.filter((l) => l.attributionMs === windowMs)) {
        labels[label] = docIds.map((docId) => (positive.has(`${servingId}/${docId}/${label}`) ? 1 : 0));
      }
      const events = Object.keys(labels).flatMap((label) =>
        docIds.flatMap((docId) => {
          const event = positive.get(`${servingId}/${docId}/${label}`);
          return event === undefined ? [] : [`${label} ${docId} ${event.eventId} ${event.timeMs}`];
        }),
      );
      const knownTimeMs = timeMs + windowMs;
      result.samples.push({ servingId, knownTimeMs, revision, docIds, labels, events: events.sort() });
    });
  }
  result.samples.sort((a, b) => a.knownTimeMs - b.knownTimeMs || (a.servingId < b.servingId ? -1 : 1));
  result.late.sort();
  result.orphans.sort();
  return result;
}
