import { floatsFromBytes } from '@weir/proto';
import { BehaviourEvent, FeatureRecord, SampleRecord, SideRecord } from '@weir/proto/v1/records';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NaiveResult, type NaiveSample, naiveJoin, type StreamItem } from '../testing/naive-join.ts';
import { behaviourEvent, featureRecord } from '../testing/records.ts';
import { totalOf } from './counters.ts';
import { Join } from './join.ts';
import type { JoinStep } from './join-step.ts';
import { labelPlan } from './label-plan.ts';
import { END_OF_TIME_MS } from './stream-clock.ts';

const SECOND = 1_000;
const NOW_MS = 1_000_000_000;
const plan = labelPlan([
  { label: 'click', observationMs: 5 * SECOND, attributionMs: 10 * SECOND },
  { label: 'like', observationMs: 5 * SECOND, attributionMs: 10 * SECOND },
  { label: 'cart', observationMs: 10 * SECOND, attributionMs: 30 * SECOND },
]);

const seconds = (min: number, max: number) => fc.integer({ min, max }).map((s) => s * SECOND);

/** In order of time, but for a few that come later by their delay. */
function arriving<R extends { timeMs: number }>(
  items: fc.Arbitrary<StreamItem<R>>,
): fc.Arbitrary<StreamItem<R>[]> {
  const delay = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: seconds(1, 40) });
  return fc.array(fc.tuple(items, delay), { minLength: 4, maxLength: 40, size: 'max' }).map((delayed) =>
    delayed
      .map(([item, delayMs]) => ({
        item,
        at: ('record' in item ? item.record.timeMs : item.progressMs) + delayMs,
      }))
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item),
  );
}

const progress = fc.record({ progressMs: seconds(1, 60) });

function withProgress<R extends { timeMs: number }>(record: fc.Arbitrary<R>): fc.Arbitrary<StreamItem<R>[]> {
  const data = record.map((r): StreamItem<R> => ({ record: r }));
  return fc.oneof(arriving(data), arriving(fc.oneof({ weight: 6, arbitrary: data }, progress)));
}

const featureItems = withProgress(
  fc
    .record({
      servingId: fc.constantFrom('s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9'),
      // Near enough for the id to be remembered: an id used again for another exposure is no repeat.
      timeMs: seconds(1, 30),
      docIds: fc.constantFrom(['d0', 'd1'], ['d2', 'd1', 'd0']),
    })
    .map((fields) => featureRecord({ ...fields, docIds: [...fields.docIds] })),
);

const behaviourItems = withProgress(
  fc
    .record({
      eventId: fc.constantFrom('e0', 'e1', 'e2', 'e3', 'e4'),
      servingId: fc.constantFrom('s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 'x', ''),
      type: fc.constantFrom('click', 'click', 'like', 'cart', 'cart', 'view'),
      docId: fc.constantFrom('d0', 'd0', 'd1', 'd2'),
      timeMs: seconds(1, 70),
    })
    .map((fields) => behaviourEvent(fields)),
);

class Run {
  readonly join: Join;
  readonly samples: SampleRecord[] = [];
  readonly side: Record<'late' | 'orphans' | 'rejected', SideRecord[]> = {
    late: [],
    orphans: [],
    rejected: [],
  };
  progressMs = 0;

  constructor(policy: 'wait' | 'fast' = 'wait') {
    this.join = new Join({ plan, policy, partition: 1 });
  }

  features(item: StreamItem<FeatureRecord>, offset: number): void {
    if ('progressMs' in item) {
      this.join.clock('features').progress(item.progressMs);
      return;
    }
    const value = FeatureRecord.encode(item.record).finish();
    this.join.features({ offset, value, record: FeatureRecord.decode(value) }, NOW_MS);
  }

  behaviour(item: StreamItem<BehaviourEvent>, offset: number): void {
    if ('progressMs' in item) {
      this.join.clock('behaviour').progress(item.progressMs);
      return;
    }
    const value = BehaviourEvent.encode(item.record).finish();
    this.join.behaviour({ offset, value, record: BehaviourEvent.decode(value) }, NOW_MS);
  }

  fire(toMs = this.join.watermarkMs): void {
    if (toMs > this.join.firedMs) this.join.fire(toMs, this.join.due(toMs, []));
  }

  takeStep(): JoinStep {
    const step = this.join.takeStep();
    for (const { value, progressTimeMs } of step.outputs.samples) {
      if (value !== undefined) {
        const sample = SampleRecord.decode(value);
        expect(sample.knownTimeMs).toBeGreaterThanOrEqual(
          Math.max(this.progressMs, this.samples.at(-1)?.knownTimeMs ?? 0),
        );
        this.samples.push(sample);
      } else {
        expect(progressTimeMs).toBeGreaterThan(this.progressMs);
        this.progressMs = progressTimeMs!;
      }
    }
    for (const stream of ['late', 'orphans', 'rejected'] as const) {
      for (const { value } of step.outputs[stream]) this.side[stream].push(SideRecord.decode(value!));
    }
    return step;
  }

  end(): void {
    this.features({ progressMs: END_OF_TIME_MS }, 0);
    this.behaviour({ progressMs: END_OF_TIME_MS }, 0);
    this.fire();
    this.takeStep();
  }

  result(): NaiveResult {
    const { duplicates, conflicts, ignored } = this.join.counters;
    const names = (records: SideRecord[]) =>
      records.map((r) => `${r.reason} ${r.servingId}/${r.eventId} ${r.ageMs}`).sort();
    return {
      samples: this.samples.map(plainSample),
      late: names(this.side.late),
      orphans: names(this.side.orphans),
      duplicates,
      conflicts,
      ignored: totalOf(ignored),
    };
  }
}

function plainSample({ servingId, knownTimeMs, revision, docIds, labels }: SampleRecord): NaiveSample {
  return {
    servingId,
    knownTimeMs,
    revision,
    docIds,
    labels: Object.fromEntries(labels.map(({ label, values }) => [label, [...floatsFromBytes(values)]])),
  };
}

/** Runs both streams, interleaved and cut into steps as `choices` says. */
function runInterleaved(
  features: readonly StreamItem<FeatureRecord>[],
  behaviour: readonly StreamItem<BehaviourEvent>[],
  choices: Iterator<number>,
): Run {
  const run = new Run();
  let f = 0;
  let b = 0;
  while (f < features.length || b < behaviour.length) {
    const choice = choices.next().value!;
    if ((choice & 1) === 0 && f < features.length) run.features(features[f]!, f++);
    else if (b < behaviour.length) run.behaviour(behaviour[b]!, b++);
    if ((choice & 6) === 0) run.fire();
    if ((choice & 24) === 0) run.fire(Math.max(run.join.firedMs, Math.floor(run.join.watermarkMs / 2)));
    if ((choice & 32) === 0) run.takeStep();
  }
  run.end();
  return run;
}

describe('join under wait', () => {
  it('gives what a batch join of the whole streams gives, however their reads interleave', () => {
    fc.assert(
      fc.property(
        featureItems,
        behaviourItems,
        fc.infiniteStream(fc.nat(63)),
        (features, behaviour, choices) => {
          const run = runInterleaved(features, behaviour, choices);
          expect(run.result()).toEqual(naiveJoin(plan, features, behaviour));
          const { counters } = run.join;
          expect(totalOf(counters.late)).toBe(run.side.late.length);
          expect(totalOf(counters.orphans)).toBe(run.side.orphans.length);
          expect(counters.openRequests).toBe(0);
          expect(run.join.waiting.count).toBe(0);
          expect(run.join.requests.count).toBe(0);
        },
      ),
      { numRuns: 400 },
    );
  });
});
