// `weir trainer`: composes what a member of the trainers' group needs, and reports what was learned.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  loadModel,
  type Model,
  qualifiedTableName,
  readSchema,
  readStaticPart,
  trainerGroup,
} from '@weir/model';
import { WeirError } from '@weir/proto';
import { defineService } from '@weir/runtime';
import { connect, type Table, type Weir } from '@weir/sdk';
import { connectStreams, type StreamsClient } from '@weir/streams/client';
import { CanaryRows } from './canary-rows.ts';
import { trainerConfig } from './config.ts';
import { Evaluation } from './core/evaluation/evaluation.ts';
import { parseSampleRatios } from './core/sample-ratio.ts';
import { WindowBuilder } from './core/window.ts';
import { evaluationReport, type TrainerTotals } from './evaluation-report.ts';
import { GroupTrainer } from './group-trainer.ts';
import { STREAM_POLL_MS, WINDOW_BYTES_MAX } from './limits.ts';
import { MemberFigures } from './member-report.ts';
import { MemberState } from './member-state.ts';
import { createMetrics } from './metrics.ts';
import { type OnRetry, persist } from './retry.ts';
import { type OnRefused, SampleReader } from './sample-reader.ts';
import { SAMPLES_STREAM } from './samples-stream.ts';

export const trainerService = defineService({
  name: 'trainer',
  summary: 'learn from samples as they become known',
  config: trainerConfig,
  async start(config, runtime) {
    const { log, security, signal } = runtime;
    const schema = config.schema === undefined ? undefined : await readSchema(config.schema);
    const staticPart = config.static === undefined ? undefined : await readStaticPart(config.static);
    const model = await loadModel(config.model, { schema, labels: config.labels, staticPart });
    const ratios = parseSampleRatios(config.sampleRatio, model.labels);
    const evaluation = new Evaluation(model.labels);
    const weir = await connect({ seeds: config.seeds, clientId: 'trainer', ...security.clients, signal });
    const streams = connectStreams({ address: config.streams, ...security.clients });
    const tables = await createTables(weir, model, config.tableSet, signal);

    let trainer: GroupTrainer | undefined;
    const metrics = createMetrics({
      evaluation,
      waiting: () => trainer?.generation?.waiting ?? 0,
      trainedTimeMs: () => trainer?.trainedTimeMs ?? null,
      generation: () => trainer?.generation?.generation ?? 0,
      ownPartitions: () => trainer?.generation?.own.length ?? 0,
    });
    runtime.admin.get('/evaluation', () =>
      evaluationReport(evaluation, metrics.totals, trainer === undefined ? 0 : trainer.trainedTimeMs),
    );
    runtime.admin.get(
      '/evaluation/totals',
      (): TrainerTotals => ({
        trained_time_ms: trainer === undefined ? 0 : trainer.trainedTimeMs,
        counters: metrics.totals,
        evaluation: evaluation.totals(),
      }),
    );
    const figures = new MemberFigures(() => state.learning);
    const state = new MemberState({
      dense: model.dense,
      barrierWindows: config.barrierWindows,
      stalenessMax: config.stalenessMax,
      onBegin: (ahead) => figures.began(ahead),
    });
    runtime.admin.get('/member', () => figures.report());
    const onRetry: OnRetry = (what, error) => {
      metrics.retried(what);
      log.warn({ call: what, code: error.code, reason: error.message }, 'trying again');
    };
    const onRefused: OnRefused = (refusal, place, message) => {
      // Said once per reason; the counter has the rest.
      if (metrics.totals.refused[refusal] === 0) log.error({ refusal, place, reason: message }, 'refused');
      metrics.refused(refusal);
    };

    const canaries = new CanaryRows(weir, config.tableSet);
    const run = async () => {
      const inFlightMax = config.deterministic ? 1 : config.inFlight;
      trainer = new GroupTrainer({
        learner: { model, weir, tables, evaluation, metrics, canaries, inFlightMax, onRetry, onRefused },
        streams,
        sources: weir.sources(trainerGroup(config.tableSet)),
        state,
        reader: new SampleReader(model, ratios, onRefused),
        newBuilder: () =>
          new WindowBuilder(model.tables, { requestsMax: config.window, bytesMax: WINDOW_BYTES_MAX }),
        windowTimeoutMs: config.deterministic ? undefined : config.windowTimeoutMs,
        partitions: await samplePartitions(streams, onRetry, signal),
        member: config.member,
        leaseMs: config.leaseMs,
        log,
        signal,
      });
      await trainer.run();
    };
    // A failure that waiting cannot help ends the process, here as an unhandled rejection.
    const running = run().catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    return {
      listen: '',
      async stop() {
        await running;
        await weir.close();
        await streams.close();
      },
    };
  },
});

/** Makes the model's tables where they are not there yet; whoever comes first, trainer or predictor, wins alike. */
async function createTables(
  weir: Weir,
  model: Model,
  tableSet: string,
  signal: AbortSignal,
): Promise<Table[]> {
  const tables: Table[] = [];
  for (const definition of model.tables) {
    const name = qualifiedTableName(tableSet, definition);
    await weir.tables.create({ ...definition, name }, { signal });
    tables.push(await weir.table(name, { signal }));
  }
  return tables;
}

/** Number of partitions of the samples stream. Waits for the stream to be made. */
async function samplePartitions(
  streams: StreamsClient,
  onRetry: OnRetry,
  signal: AbortSignal,
): Promise<number> {
  const ask = () => streams.partitions(SAMPLES_STREAM, { signal });
  for (;;) {
    try {
      return await persist('look-up', ask, onRetry, signal);
    } catch (thrown) {
      if (WeirError.from(thrown).code !== 'STREAM_NOT_FOUND') throw thrown;
      await sleep(STREAM_POLL_MS, undefined, { signal });
    }
  }
}
