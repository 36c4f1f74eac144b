// Sends a round's traffic through predictor and collector, repeats what is not answered, and announces how far it is, as a
// replay does; at the end of the round time goes on to where all its windows are over.
import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/proto';
import type { StreamsClient } from '@weir/streams/client';
import { EventSender } from '../../../quickstart/src/replay/event-sender.ts';
import { announceProgress } from '../../../quickstart/src/replay/event-time.ts';
import { OpenRecords } from '../../../quickstart/src/replay/open-records.ts';
import { createRanker } from '../../../quickstart/src/replay/ranker.ts';
import type { RoundTraffic } from './traffic.ts';

const PROGRESS_INTERVAL_MS = 20;

export interface DriveOptions {
  readonly traffic: RoundTraffic;
  readonly predictor: string;
  readonly collector: string;
  readonly streams: StreamsClient;
  readonly partitions: number;
  /** Over which the records are spread. */
  readonly durationMs: number;
  /** Hears of every record before it is sent: which share of them was. */
  readonly onSent: (part: number) => void;
  /** Ends it with an error. */
  readonly signal: AbortSignal;
}

/** Resolves when everything is acknowledged and announced. */
export async function drive(options: DriveOptions): Promise<void> {
  const { traffic, predictor, collector, streams, partitions } = options;
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const open = new OpenRecords();
  const ranker = createRanker(predictor, signal);
  const events = new EventSender(collector, signal, (error) => failure.abort(error));
  const announce = async (): Promise<void> => {
    for (let announcedMs = 0; announcedMs < traffic.endMs; ) {
      const timeMs = open.acknowledgedMs;
      if (timeMs > announcedMs) await announceProgress(streams, partitions, timeMs, signal);
      announcedMs = Math.max(announcedMs, timeMs);
      await sleep(PROGRESS_INTERVAL_MS, undefined, { signal });
    }
  };
  const send = async (): Promise<void> => {
    // Until a partition has a progress record, the times in it would move the watermark by themselves.
    await announceProgress(streams, partitions, traffic.records[0]!.timeMs, signal);
    const startMs = performance.now();
    for (const [i, record] of traffic.records.entries()) {
      const part = i / traffic.records.length;
      const restMs = startMs + part * options.durationMs - performance.now();
      if (restMs > 1) await sleep(restMs, undefined, { signal });
      options.onSent(part);
      open.read(record.timeMs);
      if (record.kind === 'event') {
        await events.ready();
        events.send(record, open.send(record.timeMs));
        continue;
      }
      await ranker.ready(record.servingId);
      signal.throwIfAborted();
      const sent = open.send(record.timeMs);
      ranker.rank(record).then(
        (answer) => {
          if (answer instanceof WeirError) failure.abort(answer);
          else sent.done = true;
        },
        (error: unknown) => failure.abort(error),
      );
    }
    open.read(traffic.endMs);
  };
  try {
    await Promise.all([send(), announce()]);
  } catch (error) {
    throw failure.signal.aborted ? failure.signal.reason : error;
  } finally {
    failure.abort(new Error('the round is over'));
    events.close();
    ranker.close();
  }
}
