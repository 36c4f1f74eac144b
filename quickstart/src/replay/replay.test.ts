// The driver against real streams and a predictor and collector whose answers the test chooses.
import { IngestService } from '@weir/proto/v1/ingest';
import { PredictorService } from '@weir/proto/v1/predictor';
import { createGrpcServer, type GrpcServer } from '@weir/runtime';
import { openMemoryStore } from '@weir/store';
import { openEmbeddedStreams, STREAMS_FAMILIES } from '@weir/streams';
import type { StreamsClient } from '@weir/streams/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReplayRecord } from '../formats/record.ts';
import { type Replay, startReplay } from './replay.ts';

const PARTITIONS = 2;
const START_MS = 1_700_000_000_000;

let streams: StreamsClient;
let server: GrpcServer;
let address = '';
let onRank: () => Promise<void>;
const stop = new AbortController();

beforeEach(async () => {
  streams = await openEmbeddedStreams(openMemoryStore({ families: STREAMS_FAMILIES }));
  for (const stream of ['features', 'behaviour', 'samples']) await streams.create(stream, PARTITIONS);
  server = createGrpcServer();
  server.addService(PredictorService, {
    rank: (_call, callback) => {
      void onRank().then(() =>
        callback(null, {
          servingId: '',
          scores: [],
          order: new Uint8Array(),
          experimentBuckets: {},
          canaryToken: 0,
        }),
      );
    },
  });
  server.addService(IngestService, {
    putFeatures: (_call, callback) => callback(null, { accepted: 0, duplicates: 0, rejections: [] }),
    putEvents: (_call, callback) => callback(null, { accepted: 0, duplicates: 0, rejections: [] }),
  });
  address = await server.bind('127.0.0.1:0');
});
afterEach(async () => {
  await server.stop(1_000);
  await streams.close();
});

function replayOf(records: readonly ReplayRecord[]): Replay {
  return startReplay({
    records: (async function* () {
      yield* records;
    })(),
    predictor: address,
    collector: address,
    streams,
    partitions: PARTITIONS,
    trainerGroup: 'trainer',
    pace: { kind: 'max' },
    firstWindowMs: 1_000,
    windowRequests: 1,
    onRefused: (_request, error) => {
      throw error;
    },
    signal: stop.signal,
  });
}

/** The progress records of a partition, oldest first. */
async function progressOf(stream: string, partition: number): Promise<(number | undefined)[]> {
  const times: (number | undefined)[] = [];
  for await (const { records } of streams.read(stream, partition, { offset: 0 })) {
    times.push(...records.map(({ progressTimeMs }) => progressTimeMs));
  }
  return times;
}

describe('replay', () => {
  it("announces the first record's time to every partition before it sends anything", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<(number | undefined)[][]>();
    onRank = async () => {
      const places = ['features', 'behaviour'].flatMap((stream) => [0, 1].map((n) => [stream, n] as const));
      resolve(await Promise.all(places.map(([stream, partition]) => progressOf(stream, partition))));
    };
    const { done } = replayOf([
      {
        kind: 'request',
        timeMs: START_MS,
        servingId: 'r1',
        user: '',
        scene: '',
        docIds: ['a'],
        features: new Uint8Array(),
      },
    ]);
    const found = await asked;
    stop.abort(new Error('enough'));
    await expect(done).rejects.toThrow('enough');
    for (const times of found) expect(times[0]).toBe(START_MS);
  });
});
