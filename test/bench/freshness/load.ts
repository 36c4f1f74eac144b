// Live traffic at a steady rate of samples: rank requests with the wall clock as their time, and clicks on some of what
// was shown. Every so often one more document, which nobody else will see, is put into a request.
import { setTimeout as sleep } from 'node:timers/promises';
import { Metadata } from '@grpc/grpc-js';
import { encodeFeatureBlock, floatsFromBytes } from '@weir/proto';
import { IngestClient, type PutResponse } from '@weir/proto/v1/ingest';
import { PredictorClient, type RankResponse } from '@weir/proto/v1/predictor';
import { CHANNEL_OPTIONS, PLAIN, unary } from '../../../quickstart/src/replay/channel.ts';
import { mulberry32 } from '../../e2e/traffic.ts';
import { PROBE_FEATURE } from './watch.ts';

const DOCUMENTS_PER_REQUEST = 20;
const CATALOGUE = 5_000;
const USERS = 2_000;
const CLICK_SHARE = 0.3;
const CLICK_DELAY_MS = 700;
const TICK_MS = 4;
/** Beyond it requests are left out: a loop that cannot follow shows as a lower rate, not as memory. */
const IN_FLIGHT_MAX = 512;

export interface LoadOptions {
  readonly predictor: string;
  readonly collector: string;
  readonly samplesPerS: number;
  /** Traffic without probes at first: the model gets rows, and processes warm. */
  readonly warmUpMs: number;
  readonly probesPerS: number;
  /** No probe of a number at or beyond it. */
  readonly probes: number;
  /** Probe `number` was shown in this request. */
  readonly onShown: (probe: number, servingId: string) => void;
  readonly signal: AbortSignal;
}

interface Shown {
  readonly servingId: string;
  readonly user: string;
  readonly docId: string;
}

export const PROBE_PREFIX = 'probe-';
export const probeId = (probe: number): string => `${PROBE_PREFIX}${probe}`;

export class Load {
  readonly #options: LoadOptions;
  readonly #predictor: PredictorClient;
  readonly #collector: IngestClient;
  readonly #random = mulberry32(1);
  #requests = 0;
  #probes = 0;
  #inFlight = 0;
  /** Documents of answered requests. */
  samples = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#predictor = new PredictorClient(options.predictor, PLAIN, CHANNEL_OPTIONS);
    this.#collector = new IngestClient(options.collector, PLAIN, CHANNEL_OPTIONS);
  }

  /** Until the signal aborts; then waits for what is under way. @throws when a call fails. */
  async run(): Promise<void> {
    const { samplesPerS, warmUpMs, probesPerS, probes, signal } = this.#options;
    const requestsPerMs = samplesPerS / DOCUMENTS_PER_REQUEST / 1000;
    const startMs = performance.now();
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {});
    let asked = 0;
    while (!signal.aborted) {
      const elapsedMs = performance.now() - startMs;
      for (const due = Math.floor(elapsedMs * requestsPerMs); asked < due; asked++) {
        if (this.#inFlight >= IN_FLIGHT_MAX) continue;
        const isProbe = this.#probes < Math.min(probes, ((elapsedMs - warmUpMs) * probesPerS) / 1000);
        this.#inFlight++;
        this.#request(isProbe ? this.#probes++ : undefined).then(() => this.#inFlight--, failed.reject);
      }
      await Promise.race([sleep(TICK_MS), failed.promise]);
    }
    while (this.#inFlight > 0) await Promise.race([sleep(TICK_MS), failed.promise]);
  }

  /** The scores of a request, by position. */
  async rank(
    servingId: string,
    timeMs: number,
    user: string,
    docs: readonly { id: string; features: Record<string, string | number> }[],
    context?: Record<string, string>,
  ): Promise<Float32Array> {
    const message = {
      servingId,
      timeMs,
      user,
      scene: 'bench',
      docIds: docs.map(({ id }) => id),
      features: encodeFeatureBlock({ docs, ...(context && { context }) }),
    };
    const { scores } = await unary<RankResponse>((options, done) =>
      this.#predictor.rank(message, new Metadata(), options, done),
    );
    return floatsFromBytes(scores[0]!.values);
  }

  /** Resolves when the collector has appended it. */
  async click({ servingId, user, docId }: Shown): Promise<void> {
    const timeMs = Date.now();
    const event = {
      eventId: `${servingId}/${docId}`,
      type: 'click',
      servingId,
      user,
      session: '',
      docId,
      clientTimeMs: timeMs,
      timeMs,
      value: 1,
      ingestTimeMs: 0,
    };
    await unary<PutResponse>((options, done) =>
      this.#collector.putEvents({ events: [event] }, new Metadata(), options, done),
    );
  }

  close(): void {
    this.#predictor.close();
    this.#collector.close();
  }

  async #request(probe: number | undefined): Promise<void> {
    const servingId = `r${this.#requests++}`;
    const user = `u${Math.floor(this.#random() * USERS)}`;
    const first = Math.floor(this.#random() * CATALOGUE);
    const docs = Array.from({ length: DOCUMENTS_PER_REQUEST }, (_, position) => {
      const number = (first + position * 7) % CATALOGUE;
      return { id: `d${number}`, features: { item: `d${number}`, price: (number % 10) / 10 } };
    }) as { id: string; features: Record<string, string | number> }[];
    if (probe !== undefined) docs[0] = { id: probeId(probe), features: { [PROBE_FEATURE]: String(probe) } };
    const timeMs = Date.now();
    await this.rank(servingId, timeMs, user, docs, { user });
    this.samples += docs.length;
    if (probe !== undefined) this.#options.onShown(probe, servingId);
    if (this.#random() >= CLICK_SHARE) return;
    const clicked = docs[1 + Math.floor(this.#random() * (docs.length - 1))]!;
    await sleep(this.#random() * CLICK_DELAY_MS);
    await this.click({ servingId, user, docId: clicked.id });
  }
}
