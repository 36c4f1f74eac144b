// The real predictor process with the static part that is shipped, in front of a real shard and a real streams server.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import { createExampleDecoder, encodeFeatureBlock, loadModel, readStaticPart, sigmoid } from '@weir/model';
import { bytesOf, floatsFromBytes, WeirError } from '@weir/proto';
import { ModelProto } from '@weir/proto/onnx';
import { PredictorClient, type RankRequest, type RankResponse } from '@weir/proto/v1/predictor';
import { FeatureRecord } from '@weir/proto/v1/records';
import { type Cluster, startCluster } from '@weir/ps/testing';
import { MOVIELENS } from '@weir/quickstart';
import { type ServiceProcess, spawnService } from '@weir/runtime';
import { connect, type Weir } from '@weir/sdk';
import { connectStreams, type StreamsClient } from '@weir/streams/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const WEIR = new URL('../../../cli/src/main.ts', import.meta.url).pathname;
const LABELS = ['click'];

let dir: string;
let cluster: Cluster;
let streamsServer: ServiceProcess;
let predictor: ServiceProcess;
let streams: StreamsClient;
let weir: Weir;
let client: PredictorClient;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-static-'));
  [cluster, streamsServer] = await Promise.all([
    startCluster({ shards: 1 }),
    spawnService({ name: 'streams', command: [WEIR, 'streams', '--data', join(dir, 'streams')] }),
  ]);
  const flags = ['--streams', streamsServer.listen, '--seeds', cluster.seeds.join(',')];
  const model = ['--model', 'doc-vector', '--static', MOVIELENS.staticPart];
  predictor = await spawnService({
    name: 'predictor',
    command: [WEIR, 'predictor', ...flags, ...model, '--feature-log', 'before_answer'],
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

/** Of user 1 and three movies; nobody has seen the last one. */
const ITEMS = ['1', '318', 'new'];

function rank(servingId: string): Promise<RankResponse> {
  const docs = ITEMS.map((item) => ({ features: { item } }));
  const features = encodeFeatureBlock({ context: { user: '1' }, docs });
  const request: RankRequest = { servingId, timeMs: 0, user: '1', scene: '', docIds: ITEMS, features };
  return new Promise((resolve, reject) => {
    client.rank(request, (error, response) =>
      error === null ? resolve(response) : reject(WeirError.from(error)),
    );
  });
}

const scoresOf = ({ scores }: Pick<RankResponse, 'scores'>): number[] => [
  ...floatsFromBytes(scores[0]!.values),
];

async function loggedRecords(): Promise<Map<string, FeatureRecord>> {
  const records = new Map<string, FeatureRecord>();
  for (const { partition } of await streams.endOffsets('features')) {
    for await (const batch of streams.read('features', partition, { offset: 0 })) {
      for (const { value } of batch.records) {
        const record = FeatureRecord.decode(value);
        records.set(record.servingId, record);
      }
    }
  }
  return records;
}

const swap = (file: string, tableSet: string) =>
  fetch(`http://${predictor.admin}/static`, {
    method: 'POST',
    body: JSON.stringify({ file, table_set: tableSet }),
  });

/** The shipped part, changed. */
async function changedPart(name: string, change: (model: ModelProto) => void): Promise<string> {
  const model = ModelProto.decode(await readFile(MOVIELENS.staticPart));
  change(model);
  const file = join(dir, name);
  await writeFile(file, ModelProto.encode(model).finish());
  return file;
}

/** Every document's logit is higher by 1. */
const raised = (model: ModelProto): void => {
  const bias = model.graph!.initializer.find(({ name }) => name === 'item_bias')!;
  bias.rawData = bytesOf(floatsFromBytes(bias.rawData.slice()).map((value) => value + 1));
};

describe('a static part', () => {
  it('gives the scores of what was trained offline, and its version stands in answer and record', async () => {
    const part = await readStaticPart(MOVIELENS.staticPart);
    const response = await rank('golden');
    const golden = [2.114359, 3.043203, 1.295528].map(sigmoid);
    scoresOf(response).forEach((score, i) => {
      expect(score).toBeCloseTo(golden[i]!, 6);
    });
    const version = { staticHash: part.hash, schemaFingerprint: part.schemaFingerprint, tableSet: 'default' };
    expect(response.modelVersion).toMatchObject(version);
    expect((await loggedRecords()).get('golden')!.modelVersion).toMatchObject(version);
  });

  it('lets a trainer compute what was served from the record and the rows alone, bit for bit', async () => {
    const staticPart = await readStaticPart(MOVIELENS.staticPart);
    const model = await loadModel('doc-vector', { schema: undefined, labels: LABELS, staticPart });
    const decoder = createExampleDecoder(model.schema, model.staticWidth);
    const tables = await Promise.all(model.tables.map(({ name }) => weir.table(`default/${name}`)));
    const before = scoresOf(await rank('before'));
    const input = (await loggedRecords()).get('before')!;
    const keys = model.keys(decoder.decode(input, 'serve'));
    for (const [i, table] of tables.entries()) {
      const size = (keys[i]!.length / 2) * model.tables[i]!.dim;
      await table.push(
        keys[i]!,
        Float32Array.from({ length: size }, (_, k) => Math.sin(k + 1)),
      );
    }
    const rows = await Promise.all(tables.map((table, i) => table.pull(keys[i]!)));
    const bits = (record: FeatureRecord) => {
      const { probabilities } = model.forward(decoder.decode(record, 'serve'), rows);
      return [...Float32Array.from(probabilities[0]!)];
    };
    // Deltas of the two tables come one after the other.
    let served: number[] = [];
    for (let i = 0; i < 500; i++) {
      served = scoresOf(await rank(`after-${i}`));
      const record = (await loggedRecords()).get(`after-${i}`)!;
      if (served.every((score, k) => score === bits(record)[k])) break;
      await delay(20);
    }
    expect(served).toEqual(bits(input));
    expect(served).not.toEqual(before);
  });

  it('gives way to another one while requests are answered, each of them by one version', async () => {
    const file = await changedPart('raised.onnx', raised);
    const versions = { old: await readStaticPart(MOVIELENS.staticPart), new: await readStaticPart(file) };
    const old = scoresOf(await rank('old'));
    const answers: { readonly begun: 'before' | 'after'; readonly response: RankResponse }[] = [];
    let begun: 'before' | 'after' = 'before';
    let isDone = false;
    const asking = Array.from({ length: 4 }, async (_, asker) => {
      for (let i = 0; !isDone; i++) {
        const own = begun;
        answers.push({ begun: own, response: await rank(`load-${asker}-${i}`) });
      }
    });
    const swapped = await swap(file, 'raised');
    begun = 'after';
    expect(await swapped.json()).toMatchObject({
      static_hash: versions.new.hash,
      table_set: 'raised',
      before: { static_hash: versions.old.hash, table_set: 'default' },
    });
    while (!answers.some((answer) => answer.begun === 'after')) await delay(5);
    isDone = true;
    await Promise.all(asking);
    const raisedScores = scoresOf(await rank('new'));
    expect(raisedScores[2]).toBeCloseTo(sigmoid(2.295528), 6);
    const records = await loggedRecords();
    for (const { begun: when, response } of answers) {
      const { staticHash, tableSet } = response.modelVersion!;
      const isNew = staticHash === versions.new.hash;
      expect(tableSet).toBe(isNew ? 'raised' : 'default');
      expect(scoresOf(response)).toEqual(isNew ? raisedScores : old);
      expect(records.get(response.servingId)!.modelVersion).toEqual(response.modelVersion);
      if (when === 'after') expect(isNew).toBe(true);
    }
    expect(answers.some(({ response }) => response.modelVersion!.staticHash === versions.old.hash)).toBe(
      true,
    );
  });

  it('stays when the other one does not fit, and says why', async () => {
    const served = async () => (await fetch(`http://${predictor.admin}/model`)).json();
    const before = await served();
    const otherSchema = await changedPart('schema.onnx', (model) => {
      model.metadataProps.find(({ key }) => key === 'weir.schema_fingerprint')!.value = 'f2';
    });
    const failing = await changedPart('failing.onnx', (model) => {
      model.graph!.node[0]!.opType = 'NoSuchOperator';
    });
    const refusals: [file: string, tableSet: string, message: string][] = [
      [MOVIELENS.staticPart, 'raised', 'another static part needs another table set: what "raised" holds'],
      [otherSchema, 'other', 'the static part was trained for the schema f2, the model has'],
      [failing, 'other', 'NoSuchOperator'],
      [join(dir, 'none.onnx'), 'other', 'ENOENT'],
    ];
    for (const [file, tableSet, message] of refusals) {
      const answer = await swap(file, tableSet);
      expect(answer.status).toBe(409);
      const { error } = (await answer.json()) as { error: { code: string; message: string } };
      expect(error.code).toBe('CONFIGURATION');
      expect(error.message).toContain(message);
    }
    expect(await served()).toEqual(before);
    expect(scoresOf(await rank('still'))).toHaveLength(3);
  });
});
