// Decoded outputs in the form of the naive join's result.
import { floatsFromBytes } from '@weir/proto';
import type { SampleRecord, SideRecord } from '@weir/proto/v1/records';
import { type Counters, totalOf } from '../core/counters.ts';
import type { NaiveResult, NaiveSample } from './naive-join.ts';

export interface DecodedOutputs {
  readonly samples: SampleRecord[];
  readonly late: SideRecord[];
  readonly orphans: SideRecord[];
  readonly rejected: SideRecord[];
}

export function plainResult(outputs: DecodedOutputs, counters: Counters): NaiveResult {
  const { duplicates, conflicts, ignored } = counters;
  return {
    samples: outputs.samples.map(plainSample),
    late: outputs.late.map(plainSide).sort(),
    orphans: outputs.orphans.map(plainSide).sort(),
    duplicates,
    conflicts,
    ignored: totalOf(ignored),
  };
}

function plainSample({
  servingId,
  knownTimeMs,
  revision,
  docIds,
  labels,
  events,
}: SampleRecord): NaiveSample {
  return {
    servingId,
    knownTimeMs,
    revision,
    docIds,
    labels: Object.fromEntries(labels.map(({ label, values }) => [label, [...floatsFromBytes(values)]])),
    events: events
      .map(({ label, sample, eventId, timeMs }) => `${label} ${docIds[sample]} ${eventId} ${timeMs}`)
      .sort(),
  };
}

const plainSide = ({ reason, servingId, eventId, ageMs }: SideRecord): string =>
  `${reason} ${servingId}/${eventId} ${ageMs}`;
