// The real predictor process in front of real shards and a real streams server.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import { categoricalKey, encodeFeatureBlock, keyWords } from '@weir/model';
import { floatsFromBytes, u32FromBytes, WeirError } from '@weir/proto';
import { PredictorClient, type RankRequest, type RankResponse } from '@weir/proto/v1/predictor';
import { FeatureRecord } from '@weir/proto/v1/records';
import { type Cluster, startCluster } from '@weir/ps/testing';
import { type ServiceProcess, spawnService } from '@weir/runtime';
import { connect, type Weir } from '@weir/sdk';
import { connectStreams, type StreamsClient } from '@weir/streams/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Arm, Experiment } from './experiment.ts';

const WEIR = new URL('../../cli/src/main.ts', import.meta.url).pathname;

let dir: string;
const experiment = new Experiment(50);
const userIn = (arm: Arm): string =>
  ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].find((user) => experiment.armOf(user) === arm)!;
const ONLINE_USER = userIn('online');
const FROZEN_USER = userIn('frozen');

let cluster: Cluster;
let streamsServer: ServiceProcess;
let predictor: ServiceProcess;
let streams: StreamsClient;
let weir: Weir;
let client: PredictorClient;
let http: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-predictor-'));
  [cluster, streamsServer] = await Promise.all([
    startCluster({ shards: 2 }),
    spawnService({ name: 'streams', command: [WEIR, 'streams', '--data', join(dir, 'streams')] }),
  ]);
  const { freePorts } = await import('@weir/runtime');
  http = `127.0.0.1:${(await freePorts(1))[0]}`;
  const flags = [
    '--streams',
    streamsServer.listen,
    '--seeds',
    cluster.seeds.join(','),
    '--http-listen',
    http,
  ];
  predictor = await spawnService({
    name: 'predictor',
    command: [
      ...[WEIR, 'predictor', ...flags, '--feature-log', 'before_answer'],
      ...['--freeze-after', '3', '--frozen-percent', '50'],
    ],
  });
  streams = connectStreams({ address: streamsServer.listen });
  weir = await connect({ seeds: cluster.seeds, clientId: 'test' });
  client = new PredictorClient(predictor.listen, credentials.createInsecure());
});

afterAll(async () => {
  client?.close();
  await weir?.close();
  await streams?.close();
  await predictor?.stop();
  await Promise.all([streamsServer?.stop(), cluster?.stop()]);
  if (dir !== undefined) await rm(dir, { recursive: true, force: true });
});

function request(more: Partial<RankRequest> = {}): RankRequest {
  const docs = ['a', 'b'].map((id) => ({ id, features: { item: id }, exposure: { pos: '1' } }));
  return {
    servingId: '',
    timeMs: 0,
    user: ONLINE_USER,
    scene: 's',
    docIds: docs.map(({ id }) => id),
    features: encodeFeatureBlock({ context: {}, docs }),
    ...more,
  };
}

const rank = (message: RankRequest): Promise<RankResponse> =>
  new Promise((resolve, reject) => {
    client.rank(message, (error, response) =>
      error === null ? resolve(response) : reject(WeirError.from(error)),
    );
  });

const clickScores = (response: RankResponse): number[] => [...floatsFromBytes(response.scores[0]!.values)];

async function loggedRecords(): Promise<FeatureRecord[]> {
  const records: FeatureRecord[] = [];
  for (const { partition } of await streams.endOffsets('features')) {
    for await (const batch of streams.read('features', partition, { offset: 0 })) {
      for (const { value } of batch.records) records.push(FeatureRecord.decode(value));
    }
  }
  return records;
}

describe('weir predictor', () => {
  it('scores an untrained model at its prior and logs what it used before it answers', async () => {
    const message = request({ servingId: 'first', timeMs: 1_700_000_000_000 });
    const response = await rank(message);
    expect(clickScores(response)).toEqual([0.5, 0.5]);
    expect(response.fallbacks).toEqual({ pulledRows: 0, priorRows: 0 });
    const record = (await loggedRecords()).find(({ servingId }) => servingId === 'first')!;
    expect(record.timeMs).toBe(1_700_000_000_000);
    expect(record.docIds).toEqual(['a', 'b']);
    expect(Buffer.from(record.features).equals(message.features)).toBe(true);
    expect([...floatsFromBytes(record.scores[0]!.values)]).toEqual([0.5, 0.5]);
    expect(record.modelVersion?.tableSet).toBe('default');
    // How new its rows were, for whoever asks later.
    const { rows } = record.modelVersion!;
    expect(rows.length).toBeGreaterThan(0);
    for (const version of rows)
      expect(version).toMatchObject({ table: 'lr', logIncarnation: expect.any(String) });
  });

  it('follows pushes to the shards, ranks by them, and keeps the frozen arm where it was', async () => {
    for (let i = 0; i < 3; i++) await rank(request());
    const table = await weir.table('default/lr');
    const { low, high } = keyWords(categoricalKey('item', 'b'));
    await table.push(Uint32Array.of(low, high), Float32Array.of(-1));
    let response = await rank(request());
    for (let i = 0; i < 200 && clickScores(response)[1] === 0.5; i++) {
      await delay(20);
      response = await rank(request({ servingId: `follow-${i}` }));
    }
    const [a, b] = clickScores(response);
    expect(a).toBe(0.5);
    expect(b).toBeGreaterThan(0.5);
    expect([...u32FromBytes(response.order)]).toEqual([1, 0]);
    const record = (await loggedRecords()).find(({ servingId }) => servingId === response.servingId)!;
    const frozen = record.scores.find(({ arm }) => arm === 'frozen')!;
    expect([...floatsFromBytes(frozen.values)]).toEqual([0.5, 0.5]);
  });

  it('answers a part of the users by the frozen copy, says so, and logs what the other arm gives', async () => {
    const response = await rank(request({ user: FROZEN_USER, servingId: 'in-frozen-arm' }));
    expect(response.experimentBuckets).toEqual({ model: 'frozen' });
    expect(clickScores(response)).toEqual([0.5, 0.5]);
    const record = (await loggedRecords()).find(({ servingId }) => servingId === 'in-frozen-arm')!;
    expect(record.experimentBuckets).toEqual({ model: 'frozen' });
    expect(record.scores.map(({ arm }) => arm)).toEqual(['', 'online']);
    expect(floatsFromBytes(record.scores[1]!.values)[1]).toBeGreaterThan(0.5);
    const online = await rank(request());
    expect(online.experimentBuckets).toEqual({ model: 'online' });
    expect(clickScores(online)[1]).toBeGreaterThan(0.5);
  });

  it('draws a serving id for a request without one', async () => {
    const ids = new Set([(await rank(request())).servingId, (await rank(request())).servingId]);
    expect(ids.size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/);
  });

  it('refuses a request without documents, and one whose features are not a FeatureBlock of them', async () => {
    await expect(rank(request({ docIds: [] }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(rank(request({ docIds: ['a'] }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const broken = request({ features: new Uint8Array([0x1a, 0xff, 0xff, 0x01]) });
    await expect(rank(broken)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('answers the same over HTTP, and names the field of a bad body', async () => {
    const post = (body: unknown) =>
      fetch(`http://${http}/v1/rank`, { method: 'POST', body: JSON.stringify(body) });
    const docs = [
      { id: 'a', features: { item: 'a' } },
      { id: 'b', features: { item: 'b' } },
    ];
    // A line of a replay file, as it stands.
    const good = await post({
      kind: 'request',
      time: 1_700_000_000_000,
      id: 'over-http',
      user: ONLINE_USER,
      docs,
    });
    expect(good.status).toBe(200);
    const body = (await good.json()) as { scores: { click: number[] }; order: string[] };
    expect(body.order).toEqual(['b', 'a']);
    expect(body).toMatchObject({ experiment_buckets: { model: 'online' } });
    expect(body.scores.click).toEqual(clickScores(await rank(request())));
    const bad = await post({ docs: [{ id: 'a', features: { item: null } }] });
    expect(bad.status).toBe(400);
    expect(await bad.text()).toContain('docs.0.features.item');
  });

  it('answers from its replica while a shard is down, and counts what it served', async () => {
    await cluster.kill(0);
    const response = await rank(request());
    expect(clickScores(response)[1]).toBeGreaterThan(0.5);
    await cluster.restart(0);
    const counters = (await (await fetch(`http://${predictor.admin}/counters`)).json()) as Record<
      string,
      number
    >;
    expect(counters.rank_calls).toBeGreaterThan(5);
    expect(counters.rank_errors).toBe(3);
    expect(counters.delta_rows).toBeGreaterThan(0);
  });

  it('without streams ranks all the same and logs nothing; it cannot promise to log first', async () => {
    const seeds = ['--seeds', cluster.seeds.join(',')];
    const alone = await spawnService({ name: 'alone', command: [WEIR, 'predictor', ...seeds] });
    const aloneClient = new PredictorClient(alone.listen, credentials.createInsecure());
    const response = await new Promise<RankResponse>((resolve, reject) => {
      aloneClient.rank(request(), (error, answer) => (error === null ? resolve(answer) : reject(error)));
    });
    expect(clickScores(response)).toHaveLength(2);
    const counted = (await (await fetch(`http://${alone.admin}/counters`)).json()) as object;
    expect(counted).toMatchObject({ rank_calls: 1, feature_log_dropped: 0 });
    aloneClient.close();
    await alone.stop();
    const first = ['--feature-log', 'before_answer'];
    const refused = spawnService({ name: 'first', command: [WEIR, 'predictor', ...seeds, ...first] });
    await expect(refused).rejects.toThrow('--feature-log before_answer needs --streams');
  });
});
