// What `weir dev` does: the loop under a show's traffic, what is served against the same model frozen, shown live.
import { relative } from 'node:path';
import {
  devOutput,
  type Look,
  liveFigures,
  RankedDocuments,
  type Replay,
  readFinalFigures,
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
import type { DevFlags } from './dev.ts';
import { createDisplay, type Display } from './dev-display.ts';
import { type DevLive, openDevLive } from './dev-live.ts';
import { openShow, type Show } from './dev-shows.ts';

const MODEL = 'lr';
const LABEL = 'click';
const LOOK_INTERVAL_MS = 1_000;

export async function runDev(flags: DevFlags): Promise<void> {
  using interruption = listenForInterruption();
  const show = await openShow(flags.scenario ?? flags.replay, (message) => display.note(message));
  using display = createDisplay(flags, show.title);
  const summaryInput = await showLoop(flags, show, interruption, display);
  if (summaryInput === undefined) return;
  display.end(summary(summaryInput));
  if (flags.json) process.stdout.write(`${JSON.stringify(devOutput(summaryInput))}\n`);
}

/** Undefined when it was interrupted before anything was served. Nothing is left running when it resolves. */
async function showLoop(
  flags: DevFlags,
  show: Show,
  interruption: Interruption,
  display: Display,
): Promise<SummaryInput | undefined> {
  display.note(`starting three shards and every service; data and logs in ${flags.data}`);
  const { telemetry: endpoint } = flags;
  const { window, title, featuresOf, onAnswered, requestsPerSecond } = show;
  const attributionMs = { [LABEL]: show.attributionMs };
  await using _ = await processTelemetry({ service: 'weir-dev', endpoint, report: display.note });
  await using loop = await openLoop({
    data: flags.data,
    telemetry: endpoint,
    settings: {
      model: MODEL,
      schema: undefined,
      labels: [LABEL],
      attributionMs,
      policy: 'wait',
      window,
      deterministic: false,
      freezeAfter: show.freezeAfter,
      frozenPercent: show.frozenPercent,
    },
    report: display.note,
  });
  if (interruption.signal.aborted) return undefined;
  display.note(`running as ${loop.run.name} in ${relative('', loop.run.folders.data) || '.'}`);
  const documents = new RankedDocuments();
  await using live = await openDevLive(loop, {
    listen: flags.liveListen,
    insecure: flags.insecure,
    title,
    model: MODEL,
    labels: [LABEL],
    documents,
    featuresOf,
  });
  display.note(`live view: ${live.url}`);
  const replay = startReplay({
    records: documents.count(show.records),
    predictor: loop.cluster.addresses.predictor.listen,
    collector: loop.cluster.addresses.collector.listen,
    streams: loop.streams,
    partitions: loop.partitions,
    trainerGroup: loop.trainerGroup,
    pace: { kind: 'rate', requestsPerSecond },
    firstWindowMs: firstWindowMs([LABEL], undefined, attributionMs),
    windowRequests: window,
    onAnswered,
    onRefused: (_request, error) => {
      throw error;
    },
    signal: AbortSignal.any([interruption.signal, loop.cluster.failed]),
  });
  const last = await look(replay, show, loop, interruption, [display, live]);
  if (last !== undefined) await live.end(summary(last));
  return last;
}

/** Shows the loop until its end or an interruption. */
async function look(
  replay: Replay,
  show: Show,
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
      requestsTotal: show.requestsTotal,
      predictorRestarts: loop.cluster.services.get('predictor')?.restarts ?? 0,
      shop: show.shop?.(),
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
