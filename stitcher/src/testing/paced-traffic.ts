// Requests and their behaviour, a few at a time with progress records, and what a batch join makes of all of them.
import { setTimeout as sleep } from 'node:timers/promises';
import { BehaviourEvent, FeatureRecord } from '@weir/proto/v1/records';
import { END_OF_INPUT_MS, partitionOf, type StreamsClient } from '@weir/streams/client';
import { expect, vi } from 'vitest';
import { emptyCounters, INPUT_STREAMS } from '../core/counters.ts';
import { labelPlan } from '../core/label-plan.ts';
import { naiveJoin } from './naive-join.ts';
import { readAll, readOutputs } from './partition-harness.ts';
import { plainResult } from './plain-outputs.ts';
import { behaviourEvent, featureRecord } from './records.ts';

const START_MS = 1_600_000_000_000;
const ROUND_MS = 2_000;
const ROUND_PAUSE_MS = 25;
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

  /** In a quarter of a second for ten rounds, or as long as the streams need. */
  async send(rounds: number): Promise<void> {
    for (const end = this.#round + rounds; this.#round < end; this.#round++) {
      const timeMs = START_MS + this.#round * ROUND_MS;
      // Appends of one client to one partition keep their order.
      const appends = this.#announce(timeMs);
      for (let n = 0; n < REQUESTS_PER_ROUND; n++) {
        appends.push(...this.#request(`s${this.#round}-${n}`, timeMs + n));
      }
      await Promise.all([...appends, sleep(ROUND_PAUSE_MS)]);
    }
  }

  /** The end of the input, and all that follows from it. */
  async end(): Promise<void> {
    await Promise.all(this.#announce(END_OF_INPUT_MS));
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

  #request(servingId: string, timeMs: number): Promise<unknown>[] {
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
    return [
      this.#append('features', servingId, FeatureRecord.encode(record).finish()),
      ...events.map((event) =>
        this.#append('behaviour', event.servingId, BehaviourEvent.encode(event).finish()),
      ),
    ];
  }

  #append(stream: string, servingId: string, value: Uint8Array): Promise<unknown> {
    return this.#streams.append(stream, partitionOf(servingId, this.#partitions), [{ value }]);
  }

  #announce(progressTimeMs: number): Promise<unknown>[] {
    return INPUT_STREAMS.flatMap((stream) =>
      Array.from({ length: this.#partitions }, (_, partition) =>
        this.#streams.append(stream, partition, [{ progressTimeMs }]),
      ),
    );
  }
}
