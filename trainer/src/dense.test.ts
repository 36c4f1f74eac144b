// Trainers with a dense part as processes, between real shards and a real streams server: killed between barriers, of
// different speed, and followed by a predictor.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import { averagedDense, type DenseDefinition, encodeFeatureBlock, lrCalibrated } from '@weir/model';
import { PredictorClient, type RankResponse } from '@weir/proto/v1/predictor';
import { type Cluster, startCluster } from '@weir/ps/testing';
import { type ServiceProcess, spawnService } from '@weir/runtime';
import { connect, type Weir } from '@weir/sdk';
import { connectStreams, type StreamsClient } from '@weir/streams/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DenseLearning } from './core/dense-learning.ts';
import type { MemberReport, TrainerReport } from './index.ts';
import countingDenseModel from './testing/counting-dense-model.ts';
import { encodedSample } from './testing/sample-records.ts';

const WEIR = new URL('../../cli/src/main.ts', import.meta.url).pathname;
const model = (name: string): string => new URL(`./testing/${name}.ts`, import.meta.url).pathname;
const PARTITIONS = 2;
const STALENESS_MAX = 3;
const options = { schema: undefined, labels: ['click'] };

let dir: string;
let cluster: Cluster;
let streamsServer: ServiceProcess;
let streams: StreamsClient;
let weir: Weir;
const started: ServiceProcess[] = [];
/** Samples appended to a partition. */
const samples = [0, 0];
let clock = 1_000;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-dense-'));
  [cluster, streamsServer] = await Promise.all([
    startCluster({ shards: 2 }),
    spawnService({ name: 'streams', command: [WEIR, 'streams', '--data', join(dir, 'streams')] }),
  ]);
  streams = connectStreams({ address: streamsServer.listen });
  weir = await connect({ seeds: cluster.seeds, clientId: 'test' });
  await streams.create('samples', PARTITIONS);
});

afterAll(async () => {
  await Promise.all(started.map((service) => service.stop()));
  await weir?.close();
  await streams?.close();
  await Promise.all([streamsServer?.stop(), cluster?.stop()]);
  if (dir !== undefined) await rm(dir, { recursive: true, force: true });
});

async function start(service: 'trainer' | 'predictor', flags: readonly string[]): Promise<ServiceProcess> {
  const found = ['--streams', streamsServer.listen, '--seeds', cluster.seeds.join(',')];
  const process = await spawnService({ name: service, command: [WEIR, service, ...found, ...flags] });
  started.push(process);
  return process;
}

/** Requests of two documents to each partition, and a progress record that lets them be trained. */
async function send(requests: readonly number[]): Promise<void> {
  const records = requests.map((count) =>
    Array.from({ length: count }, () => {
      clock++;
      const sketch = {
        servingId: `r${clock}`,
        knownTimeMs: clock,
        labels: { click: [clock % 3 === 0 ? 1 : 0, 0] },
      };
      return { value: encodedSample(sketch) };
    }),
  );
  for (const [partition, own] of records.entries()) {
    samples[partition]! += own.length * 2;
    await streams.append('samples', partition, [...own, { progressTimeMs: clock + 1 }]);
  }
}

const ask = async <T>(process: ServiceProcess, path: string): Promise<T> =>
  (await (await fetch(`http://${process.admin}${path}`)).json()) as T;

/** Once all is trained, and met in a step. */
async function settled(process: ServiceProcess): Promise<MemberReport> {
  const ends = await streams.endOffsets('samples');
  for (;;) {
    const report = await ask<MemberReport>(process, '/member');
    const { windows, covered } = report.dense!;
    if (windows === 0 && ends.every(({ partition, endOffset }) => covered[partition] === endOffset))
      return report;
    await sleep(20);
  }
}

async function latestDense(group: string, definition: DenseDefinition): Promise<Float32Array> {
  const result = await weir.group(group).latest();
  return averagedDense(definition, result!.parts)!.weights;
}

/** Nothing is committed that no step covers. Returns what is. */
async function expectTrimmable(): Promise<number[]> {
  const committed = await streams.groupOffsets('trainer.counted', 'samples');
  const learning = new DenseLearning(countingDenseModel(options).dense!);
  learning.adopt((await weir.group('trainer.counted').latest())!);
  for (const { partition, offset } of committed) {
    expect(offset).toBeLessThanOrEqual(learning.coverage.agreed.get(partition)!);
  }
  return committed.map(({ offset }) => offset);
}

describe('a dense part', { timeout: 90_000 }, () => {
  it('counts every sample once, however often its trainer is killed between barriers', async () => {
    const flags = ['--model', model('counting-dense-model'), '--table-set', 'counted', '--lease-ms', '1000'];
    const startTrainer = () => start('trainer', [...flags, '--window', '3', '--barrier-windows', '4']);
    await send([60, 40]);
    let trainer = await startTrainer();
    for (const wanted of [30, 60]) {
      while ((await ask<TrainerReport>(trainer, '/evaluation')).samples < wanted) await sleep(2);
      trainer.kill('SIGKILL');
      await trainer.exited;
      await expectTrimmable();
      await send([30, 30]);
      trainer = await startTrainer();
    }
    await settled(trainer);
    const { dense } = countingDenseModel(options);
    expect([...(await latestDense('trainer.counted', dense!))]).toEqual([samples[0]! + samples[1]!]);
    // What a step covers may be trimmed.
    const ends = (await streams.endOffsets('samples')).map(({ endOffset }) => endOffset);
    while ((await expectTrimmable()).join() !== ends.join()) await sleep(20);
    await trainer.stop();
  });

  it('is the same in all trainers after a barrier, near each other in between, and served with its step', async () => {
    const flags = ['--staleness-max', `${STALENESS_MAX}`, '--window', '2', '--barrier-windows', '10'];
    const calibrated = ['--model', 'lr-calibrated', ...flags, '--lease-ms', '1000'];
    const slow = [
      '--model',
      model('slow-calibrated-model'),
      ...flags,
      '--lease-ms',
      '1000',
      '--member',
      'slow',
    ];
    const [fast, second] = await Promise.all([
      start('trainer', [...calibrated, '--member', 'fast']),
      start('trainer', slow),
    ]);
    const predictor = await start('predictor', ['--model', 'lr-calibrated']);
    await send([40, 40]);
    const reports = await Promise.all([settled(fast), settled(second)]);
    expect(reports[0]!.dense!.checksum).toBe(reports[1]!.dense!.checksum);
    expect(reports[0]!.dense!.step).toBe(reports[1]!.dense!.step);
    // The fast one went as far ahead as it may; the slow one was never waited for in vain.
    expect(reports.map((report) => report.ahead_max)).toEqual([STALENESS_MAX, expect.any(Number)]);
    expect(reports[1]!.ahead_max).toBeLessThanOrEqual(STALENESS_MAX);
    expect((await ask<TrainerReport>(second, '/evaluation')).windows).toBeGreaterThan(10);

    await served(predictor, reports[0]!.dense!.step);

    // One has nothing to do: the other goes on alone.
    await send([30, 0]);
    await Promise.all([settled(fast), settled(second)]);

    // Killed between barriers: the other takes over what no step covers.
    await send([40, 40]);
    const before = (await ask<TrainerReport>(second, '/evaluation')).samples;
    while ((await ask<TrainerReport>(second, '/evaluation')).samples < before + 8) await sleep(2);
    second.kill('SIGKILL');
    await second.exited;
    const { step } = (await settled(fast)).dense!;
    await served(predictor, step);
    const { dense } = lrCalibrated(options);
    expect([...(await latestDense('trainer', dense!))]).not.toEqual([...dense!.initial]);
  });
});

/** Until an answer is of this step or a later one. */
async function served(predictor: ServiceProcess, step: number): Promise<void> {
  const client = new PredictorClient(predictor.listen, credentials.createInsecure());
  const docs = [{ features: { a: 'x' } }];
  const message = {
    ...{ servingId: '', timeMs: 0, user: 'u', scene: '', docIds: ['d'] },
    features: encodeFeatureBlock({ context: {}, docs }),
  };
  const rank = (): Promise<RankResponse> =>
    new Promise((resolve, reject) => {
      client.rank(message, (error, response) => (error === null ? resolve(response) : reject(error)));
    });
  while ((await rank()).modelVersion!.denseStep! < step) await sleep(20);
  client.close();
}
