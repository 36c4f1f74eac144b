// Canaries in a join. They have no window, no label and no part in the counters or the clocks: a canary's samples leave when
// its features and its event are both here, whatever the policy. What waits for its other half is in memory only: one that
// was under way while the process ended comes to nothing, and the next one will tell.
import { bytesOf, isCanary } from '@weir/proto';
import { type BehaviourEvent, type FeatureRecord, SampleKind } from '@weir/proto/v1/records';
import type { Input } from './join-options.ts';
import { completeSamples, type SampleTemplate, sampleTemplate } from './sample-records.ts';

/** One comes in seconds, so the oldest of these will never be complete. */
const CANARIES_WAITING_MAX = 64;

interface Waiting {
  readonly sample?: SampleTemplate;
  readonly ingestTimeMs?: number;
}

export class Canaries {
  readonly #partition: number;
  readonly #waiting = new Map<string, Waiting>();

  constructor(partition: number) {
    this.#partition = partition;
  }

  /** Undefined: the record is none of a canary. Precondition: `record` is well-formed. */
  features({ offset, record }: Input<FeatureRecord>, knownTimeMs: number): Uint8Array[] | undefined {
    if (record === undefined || !isCanary(record.servingId)) return undefined;
    const source = { partition: this.#partition, offset };
    const sample = sampleTemplate(record, record.timeMs, source);
    return this.#add(record.servingId, { sample }, knownTimeMs);
  }

  /** Undefined: the event is none of a canary. */
  behaviour({ record }: Input<BehaviourEvent>, knownTimeMs: number): Uint8Array[] | undefined {
    if (record === undefined || !isCanary(record.servingId)) return undefined;
    return this.#add(record.servingId, { ingestTimeMs: record.ingestTimeMs }, knownTimeMs);
  }

  /** @returns the sample record, when it is complete. */
  #add(servingId: string, half: Waiting, knownTimeMs: number): Uint8Array[] {
    const { sample, ingestTimeMs } = { ...this.#waiting.get(servingId), ...half };
    this.#waiting.delete(servingId);
    if (sample !== undefined && ingestTimeMs !== undefined) {
      const kinds = new Uint8Array(sample.docIds.length).fill(SampleKind.IMMEDIATE_POSITIVE);
      const emission = {
        knownTimeMs,
        revision: 0,
        kinds: bytesOf(kinds),
        labels: [],
        events: [],
        ingestTimeMs,
      };
      return [completeSamples(sample.template, emission)];
    }
    this.#waiting.set(servingId, {
      ...(sample !== undefined && { sample }),
      ...(ingestTimeMs !== undefined && { ingestTimeMs }),
    });
    for (const oldest of this.#waiting.keys()) {
      if (this.#waiting.size > CANARIES_WAITING_MAX) this.#waiting.delete(oldest);
    }
    return [];
  }
}
