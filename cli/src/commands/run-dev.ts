// What `weir dev` does: the loop on MovieLens as live traffic, what is served against the same model frozen, shown live.
import { relative } from 'node:path';
import {
  BadLines,
  devOutput,
  type Look,
  liveFigures,
  MOVIELENS,
  RankedDocuments,
  type Replay,
  readFinalFigures,
  readRecords,
  readServiceFigures,
  type ServiceFigures,
  type SummaryInput,
  startReplay,
  summary,
} from '@weir/quickstart';
import { type Interruption, listenForInterruption } from '../local-cluster/interruption.ts';
import { firstWindowMs } from '../local-cluster/label-windows.ts';
import { type Loop, openLoop } from '../local-cluster/loop.ts';
import { processTelemetry } from '../process-telemetry.ts';
import { checkInput } from './check-input.ts';
import type { DevFlags } from './dev.ts';
import { createDisplay, type Display } from './dev-display.ts';
import { type DevLive, openDevLive } from './dev-live.ts';

const MODEL = 'lr';
const LABEL = 'click';
const TITLE = `${MOVIELENS.name}, a like is a rating of 4 stars or more`;
/** Of the requests: then a copy of the model is frozen. */
const FREEZE_PART = 0.3;
/** MovieLens' 22 years are sent as a steady stream; with it the whole set takes a minute and a half. */
const REQUESTS_PER_SECOND = 1_200;
/** A request is one document, so windows are small: what a user just liked counts in the next answers. */
const WINDOW = 4;
/** A like comes half a second after its rating; 20 minutes as usual would only make the model learn later. */
const ATTRIBUTION_MS = { [LABEL]: 10_000 };
const LOOK_INTERVAL_MS = 1_000;

export async function runDev(flags: DevFlags): Promise<void> {
  // Its terms keep it out of the npm packages.
  await checkInput(`${MOVIELENS.name}, which comes with a clone of the repository,`, MOVIELENS.path);
  using interruption = listenForInterruption();
  using display = createDisplay(flags, TITLE);
  const summaryInput = await showLoop(flags, interruption, display);
  if (summaryInput === undefined) return;
  display.end(summary(summaryInput));
  if (flags.json) process.stdout.write(`${JSON.stringify(devOutput(summaryInput))}\n`);
}

/** Undefined when it was interrupted before anything was served. Nothing is left running when it resolves. */
async function showLoop(
  flags: DevFlags,
  interruption: Interruption,
  display: Display,
): Promise<SummaryInput | undefined> {
  display.note(`starting three shards and every service; data and logs in ${flags.data}`);
  const { telemetry: endpoint } = flags;
  await using _ = await processTelemetry({ service: 'weir-dev', endpoint, report: display.note });
  await using loop = await openLoop({
    data: flags.data,
    telemetry: endpoint,
    settings: {
      model: MODEL,
      schema: undefined,
      labels: [LABEL],
      attributionMs: ATTRIBUTION_MS,
      policy: 'wait',
      window: WINDOW,
      deterministic: false,
      freezeAfter: Math.round(MOVIELENS.requests * FREEZE_PART),
    },
    report: display.note,
  });
  if (interruption.signal.aborted) return undefined;
  display.note(`running as ${loop.run.name} in ${relative('', loop.run.folders.data) || '.'}`);
  const documents = new RankedDocuments();
  await using live = await openDevLive(loop, {
    listen: flags.liveListen,
    title: TITLE,
    model: MODEL,
    labels: [LABEL],
    documents,
  });
  display.note(`live view: ${live.url}`);
  const badLines = new BadLines(MOVIELENS.path, true, display.note);
  const replay = startReplay({
    records: documents.count(readRecords('movielens', MOVIELENS.path, badLines.add.bind(badLines))),
    predictor: loop.cluster.addresses.predictor.listen,
    collector: loop.cluster.addresses.collector.listen,
    streams: loop.streams,
    partitions: loop.partitions,
    trainerGroup: loop.trainerGroup,
    pace: { kind: 'rate', requestsPerSecond: REQUESTS_PER_SECOND },
    firstWindowMs: firstWindowMs([LABEL], undefined, ATTRIBUTION_MS),
    windowRequests: WINDOW,
    onRefused: (_request, error) => {
      throw error;
    },
    signal: AbortSignal.any([interruption.signal, loop.cluster.failed]),
  });
  const last = await look(replay, loop, interruption, [display, live]);
  if (last !== undefined) await live.end(summary(last));
  return last;
}

/** Shows the loop until its end or an interruption. */
async function look(
  replay: Replay,
  loop: Loop,
  interruption: Interruption,
  [display, live]: readonly [Display, DevLive],
): Promise<SummaryInput | undefined> {
  let before: Look | undefined;
  let latest: SummaryInput | undefined;
  let firstFiguresS: number | null = null;
  const lookOnce = async (read: Promise<ServiceFigures>): Promise<void> => {
    const now = { atMs: performance.now(), progress: replay.progress(), figures: await read };
    const figures = liveFigures(LABEL, before, now);
    before = now;
    // The clock starts with this process.
    const elapsedS = performance.now() / 1000;
    if (figures.served.log_loss !== null) firstFiguresS ??= Number(elapsedS.toFixed(3));
    latest = {
      figures,
      firstFiguresS,
      durationS: elapsedS,
      requestsTotal: MOVIELENS.requests,
      predictorRestarts: loop.cluster.services.get('predictor')?.restarts ?? 0,
    };
    if (firstFiguresS !== null) display.show(latest);
    await live.show(latest);
  };
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    // A service that is being started again does not answer; the next look finds it.
    looking ??= lookOnce(readServiceFigures(loop.figureSources))
      .catch(() => {})
      .finally(() => {
        looking = undefined;
      });
  }, LOOK_INTERVAL_MS);
  try {
    await replay.done;
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    return latest;
  } finally {
    clearInterval(timer);
    await looking;
  }
  await lookOnce(readFinalFigures(loop.figureSources, loop.cluster.failed));
  return latest;
}
