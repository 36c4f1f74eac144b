// What the clients of this process count, through whatever OpenTelemetry SDK the process has; without one it is kept and
// never read. Calls only add to plain numbers, which are observed when somebody collects; durations alone are recorded
// as they happen. Attributes come from closed sets (codes of errors), never keys, tables or clients.
import { type Histogram, type MeterProvider, metrics, type ObservableResult } from '@opentelemetry/api';
import type { ErrorCode } from '@weir/proto';

const METER = '@weir/sdk';
const DURATION_BUCKETS_S = [
  0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

type Attributes = { readonly 'error.type': ErrorCode };
const byCode = new Map<ErrorCode, Attributes>();

function attributesOf(code: ErrorCode): Attributes {
  const known = byCode.get(code) ?? { 'error.type': code };
  byCode.set(code, known);
  return known;
}

export class ClientMetrics {
  sentRecords = 0;
  resentRecords = 0;
  pushedParts = 0;
  pushedRows = 0;
  pushedBytes = 0;
  pushBytesInFlight = 0;
  pulledRows = 0;
  pulledBytes = 0;
  streamsLost = 0;
  readonly #refusals = new Map<ErrorCode, number>();
  readonly #pushDuration: Histogram;
  readonly #pullDuration: Histogram;

  constructor(provider: MeterProvider) {
    const meter = provider.getMeter(METER);
    const counter = (name: string, unit: string, description: string, read: () => number): void =>
      meter
        .createObservableCounter(name, { unit, description })
        .addCallback((result) => result.observe(read()));
    counter('weir.client.push.rows', '{row}', 'Rows sent in pushes', () => this.pushedRows);
    counter('weir.client.push.io', 'By', 'Keys and values sent in pushes', () => this.pushedBytes);
    counter(
      'weir.client.push.parts',
      '{part}',
      'Parts of pushes sent, one per shard',
      () => this.pushedParts,
    );
    counter('weir.client.push.records', '{record}', 'Parts sent after merging', () => this.sentRecords);
    counter('weir.client.push.resends', '{record}', 'Sent again, same number', () => this.resentRecords);
    counter('weir.client.pull.rows', '{row}', 'Rows received in pulls', () => this.pulledRows);
    counter('weir.client.pull.io', 'By', 'Values received in pulls', () => this.pulledBytes);
    counter('weir.client.streams.lost', '{stream}', 'Push and pull streams lost', () => this.streamsLost);
    meter
      .createObservableUpDownCounter('weir.client.push.in_flight', {
        unit: 'By',
        description: 'Bytes of pushes that shards have not settled',
      })
      .addCallback((result) => result.observe(this.pushBytesInFlight));
    meter
      .createObservableCounter('weir.client.push.refusals', {
        unit: '{refusal}',
        description: "Shards' refusals of pushes and of push streams",
      })
      .addCallback((result) => this.#observeRefusals(result));
    const duration = (name: string, description: string): Histogram =>
      meter.createHistogram(name, {
        unit: 's',
        description,
        advice: { explicitBucketBoundaries: DURATION_BUCKETS_S },
      });
    this.#pushDuration = duration('weir.client.push.duration', 'Calls of push, all tries included');
    this.#pullDuration = duration('weir.client.pull.duration', 'Calls of pull, all tries included');
  }

  sent({ members, rows, bytes }: { members: readonly unknown[]; rows: number; bytes: number }): void {
    this.sentRecords++;
    this.pushedParts += members.length;
    this.pushedRows += rows;
    this.pushedBytes += bytes;
  }

  refused(code: ErrorCode): void {
    this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1);
  }

  /** @param begunMs of performance.now(). */
  pushed(begunMs: number, code?: ErrorCode): void {
    record(this.#pushDuration, begunMs, code);
  }

  /** @param begunMs of performance.now(). */
  pulled(begunMs: number, code?: ErrorCode): void {
    record(this.#pullDuration, begunMs, code);
  }

  #observeRefusals(result: ObservableResult): void {
    for (const [code, count] of this.#refusals) result.observe(count, attributesOf(code));
  }
}

function record(duration: Histogram, begunMs: number, code: ErrorCode | undefined): void {
  const seconds = (performance.now() - begunMs) / 1000;
  if (code === undefined) duration.record(seconds);
  else duration.record(seconds, attributesOf(code));
}

/** One for each provider: two clients of a process that observed the same instrument would overwrite each other. */
const byProvider = new WeakMap<MeterProvider, ClientMetrics>();

/** Of the provider that is installed now. */
export function clientMetrics(): ClientMetrics {
  const provider = metrics.getMeterProvider();
  const known = byProvider.get(provider) ?? new ClientMetrics(provider);
  byProvider.set(provider, known);
  return known;
}
