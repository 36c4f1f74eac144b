// Event time between the driver and the pipeline: announces how far the input is, learns how far training is.
import { setTimeout as sleep } from 'node:timers/promises';
import { END_OF_INPUT_MS, type StreamsClient } from '@weir/streams/client';
import { PROGRESS_INTERVAL_MS } from '../limits.ts';

const INPUT_STREAMS = ['features', 'behaviour'] as const;

/** Writes "nothing below T follows" to every partition of features and behaviour. */
export async function announceProgress(
  streams: StreamsClient,
  partitions: number,
  timeMs: number,
  signal: AbortSignal,
): Promise<void> {
  const appends = INPUT_STREAMS.flatMap((stream) =>
    Array.from({ length: partitions }, (_, partition) =>
      streams.append(stream, partition, [{ progressTimeMs: timeMs }], { signal }),
    ),
  );
  await Promise.all(appends);
}

/** The time below which every sample is trained and its push acknowledged; -Infinity before the first. */
async function trainedTimeMs(streams: StreamsClient, partitions: number, group: string): Promise<number> {
  const offsets = await streams.groupOffsets(group, 'samples');
  if (offsets.length < partitions) return Number.NEGATIVE_INFINITY;
  return Math.min(...offsets.map(({ timeMs }) => timeMs));
}

export interface EventTimeSource {
  /** Up to where the input is acknowledged: the next T. */
  acknowledgedMs(): number;
  announced(timeMs: number): void;
  trained(timeMs: number): void;
}

/**
 * Announces and looks, again and again, until everything is trained.
 * @param trainerGroup under which the trainers commit
 * @throws when the streams cannot be reached, or the signal is aborted.
 */
export async function exchangeEventTime(
  streams: StreamsClient,
  partitions: number,
  trainerGroup: string,
  source: EventTimeSource,
  signal: AbortSignal,
): Promise<void> {
  let announcedMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    const timeMs = source.acknowledgedMs();
    if (timeMs > announcedMs) {
      await announceProgress(streams, partitions, timeMs, signal);
      announcedMs = timeMs;
      source.announced(timeMs);
    }
    const trainedMs = await trainedTimeMs(streams, partitions, trainerGroup);
    source.trained(trainedMs);
    if (trainedMs >= END_OF_INPUT_MS) return;
    await sleep(PROGRESS_INTERVAL_MS, undefined, { signal });
  }
}
