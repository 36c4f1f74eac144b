// Requests and their behaviour, a few at a time with progress records, and what a batch join makes of all of them.
import { BehaviourEvent, FeatureRecord } from '@weir/proto/v1/records';
import { END_OF_INPUT_MS, partitionOf, type StreamsClient } from '@weir/streams/client';
import { expect, vi } from 'vitest';
import { emptyCounters } from '../core/counters.ts';
import { labelPlan } from '../core/label-plan.ts';
import { naiveJoin } from './naive-join.ts';
import { readAll, readOutputs } from './partition-harness.ts';
import { plainResult } from './plain-outputs.ts';
import { behaviourEvent, featureRecord } from './records.ts';

const START_MS = 1_600_000_000_000;
const ROUND_MS = 2_000;
const REQUESTS_PER_ROUND = 6;
const PLAN = labelPlan([
  { label: 'click', observationMs: 10_000, attributionMs: 20_000 },
  { label: 'cart', observationMs: 10_000, attributionMs: 60_000 },
]);

/** Of a stitcher for this traffic. */
export const TRAFFIC_FLAGS = [
  ...['--labels', 'click,cart', '--attribution', 'click=20s,cart=60s', '--observation', 'cart=10s,click=10s'],
  '--deterministic',
];

export class PacedTraffic {
  readonly #streams: StreamsClient;
  readonly #partitions: number;
  readonly #features: FeatureRecord[] = [];
  readonly #events: BehaviourEvent[] = [];
  #round = 0;

  constructor(streams: StreamsClient, partitions: number) {
    this.#streams = streams;
    this.#partitions = partitions;
  }

  get requests(): number {
    return this.#features.length;
  }

  async send(rounds: number): Promise<void> {
    for (const end = this.#round + rounds; this.#round < end; this.#round++) {
      const timeMs = START_MS + this.#round * ROUND_MS;
      await this.#announce(timeMs);
      for (let n = 0; n < REQUESTS_PER_ROUND; n++) await this.#request(`s${this.#round}-${n}`, timeMs + n);
    }
  }

  /** The end of the input, and all that follows from it. */
  async end(): Promise<void> {
    await this.#announce(END_OF_INPUT_MS);
    for (let partition = 0; partition < this.#partitions; partition++) {
      await vi.waitFor(
        async () => {
          const last = (await readAll(this.#streams, 'samples', partition)).at(-1);
          expect(last?.progressTimeMs).toBe(END_OF_INPUT_MS);
        },
        { timeout: 20_000, interval: 50 },
      );
    }
  }

  /** Every sample, orphan and late record is there once, as a batch join has them. */
  async expectOutputs(): Promise<void> {
    for (let partition = 0; partition < this.#partitions; partition++) {
      const isOf = ({ servingId }: { servingId: string }) =>
        partitionOf(servingId, this.#partitions) === partition;
      const features = this.#features.filter(isOf).map((record) => ({ record }));
      const expected = naiveJoin(
        PLAN,
        features,
        this.#events.filter(isOf).map((record) => ({ record })),
      );
      const { samples, late, orphans } = await readOutputs(this.#streams, partition);
      const outputs = { samples, late, orphans, rejected: [] };
      const { duplicates, conflicts } = expected;
      const counted = { ...emptyCounters([]), duplicates, conflicts, ignored: {} };
      expect(plainResult(outputs, counted)).toEqual(expected);
    }
  }

  async #request(servingId: string, timeMs: number): Promise<void> {
    const record = featureRecord({ servingId, timeMs });
    const events = [
      behaviourEvent({ servingId, eventId: `c${servingId}`, docId: 'd1', timeMs: timeMs + 500 }),
      behaviourEvent({
        servingId,
        eventId: `k${servingId}`,
        docId: 'd2',
        type: 'cart',
        timeMs: timeMs + 900,
      }),
      behaviourEvent({ servingId: `x${servingId}`, eventId: 'o', timeMs: timeMs + 1_000 }),
    ].slice(0, this.#features.length % 4);
    this.#features.push(record);
    this.#events.push(...events);
    const value = FeatureRecord.encode(record).finish();
    await this.#streams.append('features', partitionOf(servingId, this.#partitions), [{ value }]);
    await Promise.all(
      events.map((event) =>
        this.#streams.append('behaviour', partitionOf(event.servingId, this.#partitions), [
          { value: BehaviourEvent.encode(event).finish() },
        ]),
      ),
    );
  }

  async #announce(timeMs: number): Promise<void> {
    for (const stream of ['features', 'behaviour']) {
      for (let partition = 0; partition < this.#partitions; partition++) {
        await this.#streams.append(stream, partition, [{ progressTimeMs: timeMs }]);
      }
    }
  }
}
