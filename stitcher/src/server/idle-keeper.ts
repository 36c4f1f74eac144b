// Looks from time to time which live streams are silent, and lets time pass in them. Silent is only what was read to
// its end as the streams themselves state it: never what we were slow to read.
import type { StreamsClient } from '@weir/streams/client';
import type { InputStream } from '../core/counters.ts';
import { idleWatermark } from '../core/idle-rule.ts';
import { IDLE_AFTER_MS, SILENCE_GUARD_MS } from './limits.ts';
import type { PartitionRunner } from './partition-runner.ts';

const INPUTS: readonly InputStream[] = ['features', 'behaviour'];

/** One look. Errors of the streams are the caller's: then nothing is known to be silent. */
export async function keepIdle(
  client: StreamsClient,
  runners: readonly PartitionRunner[],
  now: () => number,
  signal: AbortSignal,
): Promise<void> {
  const quiet = INPUTS.flatMap((stream) =>
    runners.filter((runner) => isQuiet(runner, stream, now())).map((runner) => ({ runner, stream })),
  );
  if (quiet.length === 0) return;
  const streams = [...new Set(quiet.map(({ stream }) => stream))];
  const ends = new Map(
    await Promise.all(
      streams.map(async (stream) => [stream, await client.endOffsets(stream, { signal })] as const),
    ),
  );
  const isSilent = (runner: PartitionRunner, stream: InputStream): boolean => {
    const end = ends.get(stream)?.[runner.stitcher.join.options.partition];
    // Looked at again: records may have come in the meantime.
    return (
      end !== undefined &&
      runner.readers[stream].nextOffset >= end.endOffset &&
      isQuiet(runner, stream, now())
    );
  };
  const activities = runners.flatMap((runner) =>
    INPUTS.map((stream) => {
      const { watermarkMs, isLive } = runner.stitcher.join.clock(stream);
      return { runner, stream, watermarkMs, isLive, isSilent: isSilent(runner, stream) };
    }),
  );
  const watermarkMs = idleWatermark(activities, now(), SILENCE_GUARD_MS);
  if (watermarkMs === undefined) return;
  for (const { runner, stream, isLive, isSilent: silent } of activities) {
    if (isLive && silent) runner.raise(stream, watermarkMs);
  }
}

function isQuiet(runner: PartitionRunner, stream: InputStream, nowMs: number): boolean {
  const reader = runner.readers[stream];
  const { isLive } = runner.stitcher.join.clock(stream);
  return isLive && reader.bytes === 0 && nowMs - reader.lastRecordMs >= IDLE_AFTER_MS;
}
