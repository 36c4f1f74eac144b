// `weir trainer`: composes intake, learner and commits, and reports what was learned.
import { setTimeout as sleep } from 'node:timers/promises';
import { createExampleDecoder, loadModel, type Model, qualifiedTableName, readSchema } from '@weir/model';
import { WeirError } from '@weir/proto';
import { defineService } from '@weir/runtime';
import { connect, type Table, type Weir } from '@weir/sdk';
import { connectStreams, type StreamsClient } from '@weir/streams/client';
import { trainerConfig } from './config.ts';
import { Evaluation } from './core/evaluation/evaluation.ts';
import type { PartitionPosition } from './core/partition-merge.ts';
import { prepareRequest } from './core/prepare-request.ts';
import { parseSampleRatios } from './core/sample-ratio.ts';
import { readSampleRequest } from './core/sample-request.ts';
import { WindowBuilder } from './core/window.ts';
import { evaluationReport } from './evaluation-report.ts';
import { runLearner } from './learner.ts';
import { STREAM_POLL_MS, WINDOW_BYTES_MAX } from './limits.ts';
import { createMetrics } from './metrics.ts';
import { OffsetCommitter, SAMPLES_STREAM, TRAINER_GROUP } from './offset-committer.ts';
import { type OnRetry, persist } from './retry.ts';
import { SampleIntake } from './sample-intake.ts';

export const trainerService = defineService({
  name: 'trainer',
  summary: 'learn from samples as they become known',
  config: trainerConfig,
  async start(config, runtime) {
    const { log, signal } = runtime;
    const schema = config.schema === undefined ? undefined : await readSchema(config.schema);
    const model = await loadModel(config.model, { schema, labels: config.labels });
    const ratios = parseSampleRatios(config.sampleRatio, model.labels);
    const evaluation = new Evaluation(model.labels);
    const weir = await connect({ seeds: config.seeds, clientId: 'trainer', signal });
    const streams = connectStreams({ address: config.streams });
    const tables = await createTables(weir, model, config.tableSet, signal);

    let intake: SampleIntake | undefined;
    let committer: OffsetCommitter | undefined;
    const metrics = createMetrics({
      report: () => evaluation.report(),
      waiting: () => intake?.waiting ?? 0,
      trainedTimeMs: () => committer?.trainedTimeMs ?? 0,
    });
    runtime.admin.get('/evaluation', () =>
      evaluationReport(evaluation, metrics.totals, committer?.trainedTimeMs ?? 0),
    );
    const onRetry: OnRetry = (what, error) => {
      metrics.retried(what);
      log.warn({ call: what, code: error.code, reason: error.message }, 'trying again');
    };

    const run = async () => {
      const start = await startPositions(streams, onRetry, signal);
      committer = new OffsetCommitter(streams, Math.min(...start.map(({ timeMs }) => timeMs)), onRetry);
      const decoder = createExampleDecoder(model.schema);
      intake = new SampleIntake({
        streams,
        start,
        builder: new WindowBuilder(model.tables, { requestsMax: config.window, bytesMax: WINDOW_BYTES_MAX }),
        windowTimeoutMs: config.deterministic ? undefined : config.windowTimeoutMs,
        committer,
        read: (record, partition) =>
          readSampleRequest(
            record.value,
            { partition, offset: record.offset },
            model.labels,
            model.schemaFingerprint,
          ),
        prepare: (request) => prepareRequest(request, model, decoder, ratios),
        onRefused: (refusal, place, message) => {
          // Said once per reason; the counter has the rest.
          if (metrics.totals.refused[refusal] === 0)
            log.error({ refusal, place, reason: message }, 'refused');
          metrics.refused(refusal);
        },
        signal,
      });
      const inFlightMax = config.deterministic ? 1 : config.inFlight;
      const learner = runLearner({
        model,
        weir,
        tables,
        intake,
        committer,
        evaluation,
        metrics,
        inFlightMax,
        onRetry,
        signal,
      });
      await Promise.all([intake.run(), learner]);
      await committer.flush();
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

/** Committed offsets, or each partition's start. Waits for the stream to be made. */
async function startPositions(
  streams: StreamsClient,
  onRetry: OnRetry,
  signal: AbortSignal,
): Promise<PartitionPosition[]> {
  for (;;) {
    try {
      const ends = await persist(
        'look-up',
        () => streams.endOffsets(SAMPLES_STREAM, { signal }),
        onRetry,
        signal,
      );
      const committed = await persist(
        'look-up',
        () => streams.groupOffsets(TRAINER_GROUP, SAMPLES_STREAM, { signal }),
        onRetry,
        signal,
      );
      return ends.map(
        ({ partition, startOffset }) =>
          committed.find((one) => one.partition === partition) ?? {
            partition,
            offset: startOffset,
            timeMs: 0,
          },
      );
    } catch (thrown) {
      if (WeirError.from(thrown).code !== 'STREAM_NOT_FOUND') throw thrown;
      await sleep(STREAM_POLL_MS, undefined, { signal });
    }
  }
}
