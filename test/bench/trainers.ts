// Several trainers against one: how good what they learn is, through `weir replay` as a user runs it, and how long the
// partitions of one that is killed stand still.
import { setTimeout as sleep } from 'node:timers/promises';
import { Trainers } from '../../trainer/src/testing/trainers.ts';
import { replayOnce } from './replay.ts';
import { type BenchOptions, type BenchResult, median } from './result.ts';

const COUNTS = [2, 3];
const LEASE_MS = 2_000;
/** Of the two that there are; in the order of names it has every partition of odd number. */
const KILLED = 'trainer-1';
const ITS_PARTITION = 1;
const SETTLE_MS = 500;
const APPEND_REQUESTS = 6;
const APPEND_INTERVAL_MS = 20;
const LOOK_INTERVAL_MS = 5;

export async function benchTrainers(options: BenchOptions): Promise<readonly BenchResult[]> {
  const ratios = await logLossRatios(options);
  const takeovers: number[] = [];
  for (let run = 1; run <= options.runs; run++) {
    takeovers.push(await takeoverS());
    options.log(`takeover, run ${run} of ${options.runs}: ${takeovers.at(-1)!.toFixed(3)} s`);
  }
  const takeover = {
    metric: 'takeover_s',
    value: median(takeovers),
    unit: 's',
    params: { lease_ms: LEASE_MS },
  };
  return [...ratios, takeover].map((figure) => ({ bench: 'trainers', runs: options.runs, ...figure }));
}

async function logLossRatios({ dataset, input, runs, log }: BenchOptions) {
  const losses = new Map<number, number[]>();
  let name = '';
  for (let run = 1; run <= runs; run++) {
    for (const count of [1, ...COUNTS]) {
      const { labels, dataset: used } = await replayOnce(dataset, input, ['--trainers', String(count)]);
      const loss = labels.click!.log_loss!;
      name = used;
      losses.set(count, [...(losses.get(count) ?? []), loss]);
      log(`run ${run} of ${runs}: ${count} trainers, log loss ${loss.toFixed(5)}`);
    }
  }
  const alone = median(losses.get(1)!);
  return COUNTS.map((trainers) => ({
    metric: 'log_loss_ratio',
    value: median(losses.get(trainers)!) / alone,
    unit: 'ratio',
    params: { trainers, dataset: name },
  }));
}

/** From kill -9 of one of two trainers until samples that came into its partition afterwards are trained and committed. */
async function takeoverS(): Promise<number> {
  await using world = await Trainers.begin();
  const [, killed] = await Promise.all(['trainer-0', KILLED].map((name) => world.start(name, LEASE_MS)));
  await world.agreed('trainer-0', KILLED);
  const stop = new AbortController();
  const appending = (async () => {
    while (!stop.signal.aborted) {
      await world.append(APPEND_REQUESTS);
      await sleep(APPEND_INTERVAL_MS);
    }
  })();
  await sleep(SETTLE_MS);
  killed!.kill('SIGKILL');
  const killedMs = performance.now();
  await killed!.exited;
  const ends = await world.streams.endOffsets('samples');
  const endOffset = ends[ITS_PARTITION]!.endOffset;
  for (;;) {
    const offsets = await world.streams.groupOffsets('trainer', 'samples');
    if (offsets.some(({ partition, offset }) => partition === ITS_PARTITION && offset > endOffset)) break;
    await sleep(LOOK_INTERVAL_MS);
  }
  const tookS = (performance.now() - killedMs) / 1000;
  stop.abort();
  await appending;
  return tookS;
}
