// `weir predictor`: composes replica, ranker and feature log, and serves Rank over gRPC and HTTP.
import { randomBytes } from 'node:crypto';
import { readSchema } from '@weir/model';
import { isCanary, WeirError } from '@weir/proto';
import { PredictorService } from '@weir/proto/v1/predictor';
import { createGrpcServer, defineService, type Runtime } from '@weir/runtime';
import { connect } from '@weir/sdk';
import { connectStreams } from '@weir/streams/client';
import { CanaryRows } from './canary-rows.ts';
import { predictorConfig } from './config.ts';
import { observeDense } from './dense-follower.ts';
import { Experiment } from './experiment.ts';
import { openFeatureLog } from './feature-log.ts';
import { Freshness } from './freshness.ts';
import { type Rank, startHttp } from './http.ts';
import { STOP_TIMEOUT_MS } from './limits.ts';
import { createMetrics, observeReplicas, type PredictorMetrics } from './metrics.ts';
import { ModelHost } from './model-host.ts';
import { addModelRoutes } from './model-routes.ts';
import { openModel } from './open-model.ts';
import { Ranker } from './ranker.ts';
import type { ServedModel } from './served-model.ts';

export const predictorService = defineService({
  name: 'predictor',
  summary: 'rank documents with the freshest weights',
  config: predictorConfig,
  async start(config, runtime) {
    const { security } = runtime;
    if (config.frozenPercent > 0 && config.freezeAfter === undefined) {
      throw new WeirError(
        'CONFIGURATION',
        '--frozen-percent needs --freeze-after: without it there is no frozen copy',
      );
    }
    if (config.featureLog === 'before_answer' && config.streams === undefined) {
      throw new WeirError(
        'CONFIGURATION',
        '--feature-log before_answer needs --streams: there is no log to wait for',
      );
    }
    const schema = config.schema === undefined ? undefined : await readSchema(config.schema);
    const weir = await connect({ seeds: config.seeds, clientId: 'predictor', ...security.clients });

    const metrics = createMetrics();
    const freshness = new Freshness(metrics.answered);
    const streams =
      config.streams === undefined
        ? undefined
        : connectStreams({ address: config.streams, ...security.clients });
    const featureLog =
      streams &&
      (await openFeatureLog(streams, config.partitions, {
        onAppended: metrics.logged,
        onDropped: (records, reason) => {
          metrics.dropped(records, reason);
          runtime.log.warn({ records, reason }, 'feature records dropped');
        },
      }));
    const context = {
      modelName: config.model,
      schema,
      labels: config.labels,
      weir,
      log: runtime.log,
      freshness,
      metrics,
    };
    const { static: staticFile, tableSet, freezeAfter } = config;
    const first = await openModel(context, { staticFile, tableSet, freezeAfter });
    const host = new ModelHost(first, {
      open: (source, accept) => openModel(context, source, accept),
      onSwapped: (version) => {
        metrics.swapped();
        runtime.log.info({ version }, 'another static part is served');
      },
    });
    observeReplicas(() => host.current.whole);
    if (first.dense !== undefined) observeDense(() => host.current.dense);
    const ranker = new Ranker({
      served: () => host.current,
      featureLog,
      beforeAnswer: config.featureLog === 'before_answer',
      experiment: config.frozenPercent === 0 ? undefined : new Experiment(config.frozenPercent),
      freshness,
      now: Date.now,
      newServingId: () => randomBytes(8).toString('hex'),
    });
    const canaries = new CanaryRows(weir);
    const users = measured(ranker, metrics, runtime);
    const rank: Rank = async (request) => {
      if (!isCanary(request.servingId)) return await users(request);
      const { response } = await ranker.rank(request);
      return { ...response, canaryToken: await canaries.token(host.current.version.tableSet) };
    };

    runtime.admin.get('/counters', () => counters(metrics, freshness, host.current));
    addModelRoutes(runtime.admin, host);
    const server = createGrpcServer({ security: security.listeners });
    server.addService(PredictorService, {
      rank: (call, callback) => {
        rank(call.request).then(
          (response) => callback(null, response),
          (error: unknown) => callback(WeirError.from(error).toStatus()),
        );
      },
    });
    const http = await startHttp(config.httpListen, security.listeners, rank);
    runtime.log.info({ http: http.address }, 'serving POST /v1/rank');
    const listen = await server.bind(config.listen);
    return {
      listen,
      async stop() {
        await http.stop();
        await server.stop(STOP_TIMEOUT_MS);
        await featureLog?.drain();
        canaries.close();
        await host.close();
        await weir.close();
        await streams?.close();
      },
    };
  },
});

function measured(ranker: Ranker, metrics: PredictorMetrics, runtime: Runtime): Rank {
  return async (request) => {
    const start = performance.now();
    try {
      const { response, rows } = await ranker.rank(request);
      const { pulledRows, priorRows } = response.fallbacks!;
      const documents = request.docIds.length;
      metrics.ranked({ documents, rows, pulledRows, priorRows, durationMs: performance.now() - start });
      return response;
    } catch (thrown) {
      const error = WeirError.from(thrown);
      metrics.failed(error.code);
      if (error.code === 'INTERNAL') runtime.log.error({ err: thrown }, 'rank failed');
      throw error;
    }
  };
}

function counters(metrics: PredictorMetrics, freshness: Freshness, { sources, whole }: ServedModel): unknown {
  const { totals } = metrics;
  return {
    rank_calls: totals.rankCalls,
    rank_errors: totals.rankErrors,
    documents: totals.documents,
    delta_rows: totals.deltaRows,
    pulled_rows: totals.pulledRows,
    prior_rows: totals.priorRows,
    feature_log_dropped: totals.featureLogDropped,
    freshness_p50_ms: freshness.quantile(0.5),
    freshness_p99_ms: freshness.quantile(0.99),
    rows: sources.reduce((sum, { replica }) => sum + replica.rows, 0),
    replica_whole: whole,
  };
}
