// What `weir replay` does: starts the loop, drives it, prints what came of it, leaves nothing running.
import { loadModel, readSchema, readStaticPart } from '@weir/model';
import { WeirError } from '@weir/proto';
import {
  BadLines,
  type Format,
  type Replay,
  type ReplayOutput,
  readFinalFigures,
  readRecords,
  replayOutput,
  startReplay,
} from '@weir/quickstart';
import { UsageError } from '@weir/runtime';
import { windowTimes } from '@weir/stitcher';
import { listenForInterruption } from '../local-cluster/interruption.ts';
import { firstWindowMs } from '../local-cluster/label-windows.ts';
import { type Loop, openLoop } from '../local-cluster/loop.ts';
import { processTelemetry } from '../process-telemetry.ts';
import { checkInput } from './check-input.ts';
import type { ReplayFlags } from './replay.ts';
import { reportProgress } from './report-progress.ts';

/**
 * Requests of a window. Measured on trivago, lists of about 25: 8 cost 2 % more CPU time than 16 and 8 % more than 32,
 * and give a log loss of 0.1278 instead of 0.1295 and 0.1314. A request of MovieLens or jdata is one document; jdata's is
 * learned in up to three parts, label by label, which would be as many round trips.
 */
const DEFAULT_WINDOW: Readonly<Record<Format, number>> = { ndjson: 8, trivago: 8, jdata: 8, movielens: 1 };

export async function runReplay(flags: ReplayFlags): Promise<void> {
  if (flags.deterministic && flags.policy === 'fast') {
    throw new UsageError(
      '--deterministic needs --policy wait: under fast, samples leave in order of arrival',
    );
  }
  if (flags.deterministic && flags.trainers > 1) {
    throw new UsageError(
      '--deterministic needs --trainers 1: the order of their pushes follows from the clock',
    );
  }
  const attributionMs = Object.fromEntries(windowTimes('--attribution', flags.attribution, flags.labels));
  await checkInput(`--input ${flags.input}`, flags.input);
  // Loaded here only to be checked before nine processes start.
  const schema = flags.schema === undefined ? undefined : await readSchema(flags.schema);
  const staticPart = flags.static === undefined ? undefined : await readStaticPart(flags.static);
  await loadModel(flags.model, { schema, labels: flags.labels, staticPart });
  // Trainers learn side by side without seeing each other's windows: together they are as large as one trainer's.
  const window = flags.window ?? Math.ceil(DEFAULT_WINDOW[flags.format] / flags.trainers);

  using interruption = listenForInterruption();
  const report = (message: string): void => void process.stderr.write(`weir replay: ${message}\n`);
  await using _ = await processTelemetry({ service: 'weir-replay', endpoint: flags.telemetry, report });
  await using loop = await openLoop({
    data: flags.data,
    telemetry: flags.telemetry,
    trainers: flags.trainers,
    // One needs no group.
    ...(flags.stitchers > 1 && { stitchers: flags.stitchers }),
    settings: {
      model: flags.model,
      schema: flags.schema,
      staticPart: flags.static,
      labels: flags.labels,
      attributionMs,
      policy: flags.policy,
      window,
      deterministic: flags.deterministic,
      freezeAfter: undefined,
    },
    report,
  });
  const badLines = new BadLines(flags.input, flags.strict, report);
  const replay = startReplay({
    records: readRecords(flags.format, flags.input, badLines.add.bind(badLines)),
    predictor: loop.cluster.addresses.predictor.listen,
    collector: loop.cluster.addresses.collector.listen,
    streams: loop.streams,
    partitions: loop.partitions,
    trainerGroup: loop.trainerGroup,
    pace: flags.speed === 'max' ? { kind: 'max' } : { kind: 'times', factor: flags.speed },
    firstWindowMs: flags.policy === 'fast' ? 0 : firstWindowMs(flags.labels, schema, attributionMs),
    windowRequests: window * flags.trainers,
    onRefused: (request, error) => {
      const message = `request ${request.servingId} refused: ${error.message}`;
      if (flags.strict) throw new WeirError('INVALID_ARGUMENT', `${message} (stopped by --strict)`);
      report(`${message}; skipped`);
    },
    signal: AbortSignal.any([interruption.signal, loop.cluster.failed]),
  });
  const output = await finish(flags, replay, loop, badLines);
  process.stdout.write(`${flags.json ? JSON.stringify(output) : readable(output)}\n`);
  if (output.requests + output.events === 0 && badLines.count > 0) {
    report(`${flags.input}: no line could be used; is it --format ${flags.format}?`);
    process.exitCode = 1;
  }
}

async function finish(
  flags: ReplayFlags,
  replay: Replay,
  loop: Loop,
  badLines: BadLines,
): Promise<ReplayOutput> {
  using _ = reportProgress(replay);
  const progress = await replay.done;
  return replayOutput({
    progress,
    figures: await readFinalFigures(loop.figureSources, loop.cluster.failed),
    labels: flags.labels,
    badLines: badLines.count,
    deterministic: flags.deterministic,
  });
}

function readable(output: ReplayOutput): string {
  return JSON.stringify(output, undefined, 2);
}
