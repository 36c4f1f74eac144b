// The real trainer process between a real streams server and real shards, against the same learning done here.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createExampleDecoder, lr } from '@weir/model';
import { type Cluster, startCluster } from '@weir/ps/testing';
import { freePorts, type ServiceProcess, spawnService } from '@weir/runtime';
import { connect, type Weir } from '@weir/sdk';
import { connectStreams, END_OF_INPUT_MS, partitionOf, type StreamsClient } from '@weir/streams/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Evaluation } from './core/evaluation/evaluation.ts';
import { learnWindow } from './core/learn-window.ts';
import { prepareRequest } from './core/prepare-request.ts';
import { readSampleRequest } from './core/sample-request.ts';
import { WindowBuilder } from './core/window.ts';
import type { TrainerReport } from './index.ts';
import { LocalRows } from './testing/local-rows.ts';
import { encodedSample, type SampleSketch } from './testing/sample-records.ts';

const WEIR = new URL('../../cli/src/main.ts', import.meta.url).pathname;
const WINDOW = 4;
const PARTITIONS = 2;

let dir: string;
let cluster: Cluster;
let streamsListen: string;
let streamsServer: ServiceProcess;
let trainer: ServiceProcess;
let streams: StreamsClient;
let weir: Weir;

const startStreams = () =>
  spawnService({
    name: 'streams',
    command: [WEIR, 'streams', '--listen', streamsListen, '--data', join(dir, 'streams')],
  });

const startTrainer = () =>
  spawnService({
    name: 'trainer',
    command: [
      ...[WEIR, 'trainer', '--streams', streamsListen, '--seeds', cluster.seeds.join(',')],
      ...['--window', String(WINDOW), '--deterministic'],
    ],
  });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-trainer-'));
  streamsListen = `127.0.0.1:${(await freePorts(1))[0]}`;
  [cluster, streamsServer] = await Promise.all([startCluster({ shards: 2 }), startStreams()]);
  streams = connectStreams({ address: streamsListen });
  weir = await connect({ seeds: cluster.seeds, clientId: 'test' });
  trainer = await startTrainer();
});

afterAll(async () => {
  await weir?.close();
  await streams?.close();
  await trainer?.stop();
  await Promise.all([streamsServer?.stop(), cluster?.stop()]);
  if (dir !== undefined) await rm(dir, { recursive: true, force: true });
});

/** The same model and windows over rows kept here. */
class Reference {
  readonly #model = lr({ schema: undefined, labels: ['click'] });
  readonly #decoder = createExampleDecoder(this.#model.schema);
  readonly #builder = new WindowBuilder(this.#model.tables, { requestsMax: WINDOW, bytesMax: 1e9 });
  readonly rows = new LocalRows(0.1, 0.01);
  evaluation = new Evaluation(['click']);

  learn(sketch: SampleSketch): void {
    const place = { partition: 0, offset: 0 };
    const request = readSampleRequest(encodedSample(sketch), place, ['click'], this.#model.schemaFingerprint);
    const full = this.#builder.add(prepareRequest(request, this.#model, this.#decoder, [1]));
    if (full === undefined) return;
    const window = this.#builder.close(full, []);
    const pulled = [this.rows.pull(window.keys[0]!)];
    const { parts } = learnWindow(this.#model, window, pulled, (prediction) =>
      this.evaluation.add(prediction),
    );
    this.rows.push(parts[0]!.keys, parts[0]!.gradients);
  }
}

const reference = new Reference();
let clock = 1_000;

/** Whole windows of requests in which documents named `good` are clicked. */
function traffic(windows: number): SampleSketch[] {
  return Array.from({ length: windows * WINDOW }, (_, i) => {
    clock += 10;
    const names = ['good', `item-${i % 7}`, i % 3 === 0 ? 'good' : 'bad'];
    return {
      servingId: `request-${clock}`,
      knownTimeMs: clock,
      block: {
        context: { user: `u${i % 5}` },
        docs: names.map((name, pos) => ({
          features: { name, x: (i % 11) / 10 },
          exposure: { pos: String(pos) },
        })),
      },
      labels: { click: names.map((name) => (name === 'good' ? 1 : 0)) },
      scores: { click: names.map((_, pos) => 0.5 - pos / 10) },
    };
  });
}

/** @param progressTimeMs nothing below it follows */
async function send(
  sketches: readonly SampleSketch[],
  progressTimeMs = sketches.at(-1)!.knownTimeMs! + 1,
): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const own = sketches.filter((sketch) => partitionOf(sketch.servingId!, PARTITIONS) === partition);
    const records = own.map((sketch) => ({ value: encodedSample(sketch) }));
    await streams.append('samples', partition, [...records, { progressTimeMs }]);
  }
}

async function report(): Promise<TrainerReport> {
  return (await (await fetch(`http://${trainer.admin}/evaluation`)).json()) as TrainerReport;
}

async function trained(timeMs = clock + 1): Promise<TrainerReport> {
  for (;;) {
    const now = await report();
    if (now.trained_time_ms !== null && now.trained_time_ms >= timeMs) return now;
    await sleep(20);
  }
}

/** Every row of the reference as the shards have it; equal but for the last bits of f32. */
async function expectRowsEqual(): Promise<void> {
  const { keys, weights } = reference.rows.all();
  const rows = await (await weir.table('default/lr')).pull(keys);
  expect(rows.length).toBeGreaterThan(10);
  rows.forEach((row, i) => {
    expect(row).toBeCloseTo(weights[i]!, 5);
  });
}

describe('weir trainer', () => {
  it('waits for the samples stream, then learns what the same windows teach here', async () => {
    await streams.create('samples', PARTITIONS);
    const sketches = traffic(8);
    for (const sketch of sketches) reference.learn(sketch);
    await send(sketches);
    const { labels, ...figures } = await trained();
    expect(figures).toMatchObject({
      samples: 96,
      requests: 32,
      windows: 8,
      windows_by_reason: { count: 8, bytes: 0, timeout: 0, end_of_input: 0 },
      trained_time_ms: clock + 1,
      refused: { malformed: 0, schema: 0, unsupported: 0 },
      rejected_rows: 0,
      staleness: 0,
    });
    const expected = reference.evaluation.report().labels.click!;
    expect(labels.click).toMatchObject({ positives: expected.positives, served: expected.served });
    expect(labels.click!.log_loss).toBeCloseTo(expected.log_loss!, 6);
    expect(labels.click!.auc).toBeGreaterThan(0.9);
    await expectRowsEqual();
  });

  it('goes on through kill -9 of a shard and of the streams server, every window learned once', async () => {
    const sketches = traffic(20);
    for (const sketch of sketches) reference.learn(sketch);
    await send(sketches.slice(0, 40));
    await cluster.kill(0);
    await cluster.restart(0);
    streamsServer.kill('SIGKILL');
    await streamsServer.exited;
    streamsServer = await startStreams();
    await send(sketches.slice(40));
    const { samples } = await trained();
    expect(samples).toBe(96 + 240);
    await expectRowsEqual();
  });

  it('goes on at the committed offsets after kill -9 of itself, up to the end of the input', async () => {
    trainer.kill('SIGKILL');
    await trainer.exited;
    const sketches = traffic(5);
    for (const sketch of sketches) reference.learn(sketch);
    await send(sketches, END_OF_INPUT_MS);
    trainer = await startTrainer();
    const { samples } = await trained(END_OF_INPUT_MS);
    expect(samples).toBe(60);
    await expectRowsEqual();
    const offsets = await streams.groupOffsets('trainer', 'samples');
    const ends = await streams.endOffsets('samples');
    expect(offsets.map(({ offset }) => offset)).toEqual(ends.map(({ endOffset }) => endOffset));
  });

  it('measures itself, and stops when asked', async () => {
    const metrics = await (await fetch(`http://${trainer.admin}/metrics`)).text();
    for (const name of [
      'trainer_windows',
      'trainer_pull_duration',
      'trainer_staleness',
      'trainer_scored_loss',
    ]) {
      expect(metrics).toContain(name);
    }
    await trainer.stop();
    expect(await trainer.exited).toEqual({ code: 0, signal: null });
  });
});
