// Random input streams: nearly in order of time, with repeats, conflicts, strangers, late ones and progress records.
import type { BehaviourEvent, FeatureRecord } from '@weir/proto/v1/records';
import fc from 'fast-check';
import { labelPlan } from '../core/label-plan.ts';
import type { StreamItem } from './naive-join.ts';
import { behaviourEvent, featureRecord } from './records.ts';

const SECOND = 1_000;

/** Two windows, one shared by two labels. */
export const TEST_PLAN = labelPlan([
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

export const featureItems: fc.Arbitrary<StreamItem<FeatureRecord>[]> = withProgress(
  fc
    .record({
      servingId: fc.constantFrom('s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9'),
      // Near enough for the id to be remembered: an id used again for another exposure is no repeat.
      timeMs: seconds(1, 30),
      docIds: fc.constantFrom(['d0', 'd1'], ['d2', 'd1', 'd0']),
    })
    .map((fields) => featureRecord({ ...fields, docIds: [...fields.docIds] })),
);

export const behaviourItems: fc.Arbitrary<StreamItem<BehaviourEvent>[]> = withProgress(
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
