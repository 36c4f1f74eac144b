// The real collector process in front of a real streams process.
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { encodeFeatureBlock, floatsFromBytes, u32FromBytes, WeirError } from '@weir/proto';
import { FeatureBlock } from '@weir/proto/v1/features';
import { IngestClient, type PutResponse } from '@weir/proto/v1/ingest';
import { BehaviourEvent, FeatureRecord, SideRecord } from '@weir/proto/v1/records';
import type { ServiceProcess } from '@weir/runtime';
import { connectStreams, partitionOf, type StreamsClient } from '@weir/streams/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAll } from '../testing/partition-harness.ts';
import { freePort, Processes } from '../testing/processes.ts';
import { behaviourEvent, featureRecord } from '../testing/records.ts';

const TIME_MS = 1_700_000_000_000;

let processes: Processes;
let server: ServiceProcess;
let collector: ServiceProcess;
let streams: StreamsClient;
let client: IngestClient;
let http: string;

beforeAll(async () => {
  processes = await Processes.create();
  server = await processes.start('streams', '--data', join(processes.folder, 'streams'));
  http = `127.0.0.1:${await freePort()}`;
  collector = await processes.start('collector', '--streams', server.listen, '--http-listen', http);
  streams = connectStreams({ address: server.listen });
  client = new IngestClient(collector.listen, credentials.createInsecure());
});

afterAll(async () => {
  client?.close();
  await streams?.close();
  await processes?.[Symbol.asyncDispose]();
});

async function find<T>(stream: string, partitionKey: string, decode: (bytes: Uint8Array) => T): Promise<T[]> {
  return (await readAll(streams, stream, partitionOf(partitionKey, 2))).map(({ value }) => decode(value));
}

async function post(path: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`http://${http}${path}`, { method: 'POST', body: text });
  return { status: response.status, body: await response.json() };
}

describe('weir collector', () => {
  it('takes features and events over gRPC', async () => {
    const record = featureRecord({
      servingId: 'g1',
      timeMs: TIME_MS,
      features: encodeFeatureBlock({ docs: [{}, {}, {}] }),
    });
    const answer = await new Promise<PutResponse>((resolve, reject) => {
      client.putFeatures({ records: [record, { ...record, docIds: [] }] }, (error, response) =>
        error === null ? resolve(response) : reject(WeirError.from(error)),
      );
    });
    expect(answer).toEqual({
      accepted: 1,
      duplicates: 0,
      rejections: [{ index: 1, reason: 'documents_missing' }],
    });
    expect(await find('features', 'g1', FeatureRecord.decode)).toMatchObject([{ servingId: 'g1' }]);
    expect(await find('rejected', 'g1', SideRecord.decode)).toMatchObject([{ reason: 'documents_missing' }]);

    const before = Date.now();
    const events = [behaviourEvent({ servingId: 'g1', timeMs: TIME_MS })];
    await new Promise<PutResponse>((resolve, reject) => {
      client.putEvents({ events }, (error, response) =>
        error === null ? resolve(response) : reject(WeirError.from(error)),
      );
    });
    const [event] = await find('behaviour', 'g1', BehaviourEvent.decode);
    expect(event!.ingestTimeMs).toBeGreaterThanOrEqual(before);
    const counters = await (await fetch(`http://${collector.admin}/counters`)).json();
    expect(counters).toEqual({ accepted: 2, duplicates: 0, rejected: { documents_missing: 1 } });
  });

  it('takes the lines of a replay file over HTTP', async () => {
    const docs = [
      {
        id: 'a',
        features: { price: 1.5, brand: 'x' },
        exposure: { pos: '1' },
        scores: { click: 0.5 },
        position: 3,
      },
      { id: 'b', features: { tags: ['p', 'q'] }, scores: { click: 0.25 }, exposed: false },
    ];
    const line = {
      kind: 'request',
      id: 'h1',
      time: TIME_MS,
      user: 'u',
      scene: 's',
      context: { hour: 7 },
      docs,
    };
    expect(await post('/v1/features', line)).toEqual({
      status: 200,
      body: { accepted: 1, duplicates: 0, rejections: [] },
    });
    const record = (await find('features', 'h1', FeatureRecord.decode)).find(
      ({ servingId }) => servingId === 'h1',
    )!;
    expect(record).toMatchObject({ timeMs: TIME_MS, user: 'u', scene: 's', docIds: ['a', 'b'] });
    expect([...u32FromBytes(record.positions)]).toEqual([3, 2]);
    expect([...u32FromBytes(record.unexposed)]).toEqual([1]);
    expect([...floatsFromBytes(record.scores[0]!.values)]).toEqual([0.5, 0.25]);
    const block = FeatureBlock.decode(record.features);
    expect(block.context.map(({ name }) => name)).toEqual(['hour']);
    expect(block.document.map(({ name }) => name)).toEqual(['price', 'brand', 'tags']);
    expect(block.exposure[0]!.categorical).toEqual(['1']);

    const click = { id: 'e1', type: 'click', request: 'h1', doc: 'a', time: TIME_MS + 5 };
    const answer = await post('/v1/events', [click, { ...click, id: '' }, { ...click, id: 7 }, click]);
    expect(answer.body).toEqual({
      accepted: 1,
      duplicates: 1,
      rejections: [
        { index: 1, reason: 'event_id_missing' },
        { index: 2, reason: 'undecodable' },
      ],
    });
    expect((await post('/v1/events', { events: [{ ...click, id: 'e2' }] })).body).toMatchObject({
      accepted: 1,
    });
  });

  it('says what is wrong with a call as a whole', async () => {
    expect(await post('/v1/events', 'no json')).toMatchObject({
      status: 400,
      body: { error: { code: 'INVALID_ARGUMENT' } },
    });
    expect(await post('/v1/events', '7')).toMatchObject({ status: 400 });
    expect(await post('/v1/nothing', {})).toMatchObject({ status: 404 });
  });

  it('names an occupied port', async () => {
    const taken = processes.start('collector', '--streams', server.listen, '--listen', collector.listen);
    await expect(taken).rejects.toThrow(`${collector.listen} is in use`);
  });
});
