// `weir canary`: sends a synthetic request through the whole loop from time to time, and measures how long it takes. One such
// process for an installation: tokens of two at once would overwrite each other.
import { setTimeout as sleep } from 'node:timers/promises';
import { Metadata } from '@grpc/grpc-js';
import { ClientCredentials } from '@weir/proto';
import { IngestClient, type PutResponse } from '@weir/proto/v1/ingest';
import { PredictorClient, type RankResponse } from '@weir/proto/v1/predictor';
import { defineService, meter } from '@weir/runtime';
import { tracedChannel, unary } from '../replay/channel.ts';
import { type Attempt, attemptCanary, CANARY_OUTCOMES } from './attempt.ts';
import { canaryConfig } from './config.ts';

export const canaryService = defineService({
  name: 'canary',
  summary: 'send synthetic requests through the whole loop and time them',
  config: canaryConfig,
  async start({ predictor, collector, intervalMs, timeoutMs }, { log, admin, security, signal }) {
    const credentials = new ClientCredentials(security.clients.tls, security.clients);
    const ranking = new PredictorClient(predictor, credentials, tracedChannel(predictor, credentials));
    const ingest = new IngestClient(collector, credentials, tracedChannel(collector, credentials));
    const calls = {
      rank: (request: Parameters<typeof ranking.rank>[0]) =>
        unary<RankResponse>((options, done) => ranking.rank(request, new Metadata(), options, done)),
      putEvents: (request: Parameters<typeof ingest.putEvents>[0]) =>
        unary<PutResponse>((options, done) => ingest.putEvents(request, new Metadata(), options, done)),
    };
    const figures = new CanaryFigures();
    admin.get('/canary', () => figures.report());
    const run = async (): Promise<void> => {
      while (!signal.aborted) {
        const attempt = await attemptCanary(calls, timeoutMs, signal);
        if (signal.aborted) return;
        figures.add(attempt);
        const { outcome, durationMs, error } = attempt;
        const said = {
          outcome,
          durationMs: Math.round(durationMs),
          ...(error !== undefined && { err: error }),
        };
        if (outcome === 'ok') log.debug(said, 'canary');
        else log.warn(said, 'canary failed');
        await sleep(intervalMs, undefined, { signal }).catch(() => {});
      }
    };
    const running = run();
    return {
      listen: '',
      async stop() {
        await running;
        ranking.close();
        ingest.close();
      },
    };
  },
});

class CanaryFigures {
  readonly #attempts = Object.fromEntries(CANARY_OUTCOMES.map((outcome) => [outcome, 0]));
  readonly #duration = meter('weir.canary').createHistogram('canary.duration', {
    unit: 's',
    description: 'From the Rank of a synthetic request to a Rank that sees what came of it',
  });
  /** Unix ms. */
  #successMs: number | null = null;
  #durationMs: number | null = null;

  constructor() {
    const instruments = meter('weir.canary');
    instruments
      .createObservableCounter('canary.attempts', {
        unit: '{attempt}',
        description: 'Synthetic requests sent, by what became of them',
      })
      .addCallback((result) => {
        for (const [outcome, count] of Object.entries(this.#attempts)) result.observe(count, { outcome });
      });
    instruments
      .createObservableGauge('canary.success.time', {
        unit: 's',
        description: 'Unix time of the last one that came through; absent before the first',
      })
      .addCallback((result) => {
        if (this.#successMs !== null) result.observe(this.#successMs / 1000);
      });
  }

  add({ outcome, durationMs }: Attempt): void {
    this.#attempts[outcome]!++;
    if (outcome !== 'ok') return;
    this.#successMs = Date.now();
    this.#durationMs = durationMs;
    this.#duration.record(durationMs / 1000);
  }

  report(): unknown {
    return { attempts: this.#attempts, success_time_ms: this.#successMs, duration_ms: this.#durationMs };
  }
}
