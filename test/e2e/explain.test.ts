// Three labels with windows of their own through the whole loop, and `weir explain` from a score back to the purchase
// that changed one of its rows. Made-up traffic of the form of JData; a purchase comes three hours after its request.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import type { RowsVersion } from '@weir/proto/v1/common';
import { PredictorClient, type RankRequest } from '@weir/proto/v1/predictor';
import {
  type ReplayOutput,
  type ReplayRecord,
  type RequestRecord,
  readFinalFigures,
  readRecords,
  replayOutput,
  startReplay,
} from '@weir/quickstart';
import { connect } from '@weir/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../cli/src/explain/explanation.ts';
import { type Loop, openLoop } from '../../cli/src/local-cluster/loop.ts';
import { jdataId, writeJdata } from '../../quickstart/src/testing/jdata-folder.ts';
import { runWeir } from './run-weir.ts';

const LABELS = ['click', 'cart', 'purchase'] as const;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const T = Date.UTC(2016, 1, 1);
const BACKGROUND = 40;
const [CLICK, CART, PURCHASE, BROWSE] = [6, 2, 4, 1];

const BOUGHT_MS = T + HOUR_MS;
const BOUGHT = jdataId('buyer', 'p7', BOUGHT_MS);
const PURCHASE_MS = BOUGHT_MS + 3 * HOUR_MS;
/** Line of the purchase in the file of actions, from 1 with its header. */
const PURCHASE_EVENT = 'action-4';
/** By then every window of what came before is closed. */
const QUIET_MS = T + 40 * HOUR_MS;
const ASKED_MS = QUIET_MS + HOUR_MS;
const ASKED = jdataId('visitor', 'p7', ASKED_MS);

let folder = '';
let loop: Loop;
let output: ReplayOutput;
let probes = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-explain-'));
  await writeJdata(folder, {
    requests: [
      ...Array.from({ length: BACKGROUND }, (_, i) => [`u${i}`, `p${i % 5}`, T + i * MINUTE_MS] as const),
      ['buyer', 'p7', BOUGHT_MS],
      ['visitor', 'p7', ASKED_MS],
    ],
    actions: [
      ['buyer', 'p7', BOUGHT_MS, CLICK],
      ['buyer', 'p7', BOUGHT_MS + 10 * MINUTE_MS, CART],
      ['buyer', 'p7', PURCHASE_MS, PURCHASE],
      // In the millisecond of its window's end, and one behind it.
      ['u3', 'p3', T + 23 * MINUTE_MS, CLICK],
      ['u4', 'p4', T + 24 * MINUTE_MS + 1, CLICK],
      ['u5', 'p4', T + 30 * MINUTE_MS, CLICK],
      ['stranger', 'p1', QUIET_MS, BROWSE],
    ],
    products: [
      ['p7', 1, 2, 3, 8, 77],
      ...Array.from({ length: 5 }, (_, i) => [`p${i}`, 1, 1, 1, 8, i] as const),
    ],
  });
  loop = await openLoop({
    data: join(folder, 'data'),
    settings: {
      model: 'lr',
      schema: undefined,
      labels: LABELS,
      attributionMs: {},
      policy: 'wait',
      window: 8,
      deterministic: false,
      freezeAfter: undefined,
    },
    report: () => undefined,
  });
  const { addresses, failed } = loop.cluster;
  const progress = await startReplay({
    records: asLearned(readRecords('jdata', folder, (line, why) => fail(line, why))),
    predictor: addresses.predictor.listen,
    collector: addresses.collector.listen,
    streams: loop.streams,
    partitions: loop.partitions,
    trainerGroup: loop.trainerGroup,
    pace: { kind: 'max' },
    firstWindowMs: 20 * MINUTE_MS,
    windowRequests: 8,
    onRefused: (_request, error) => {
      throw error;
    },
    signal: failed,
  }).done;
  const figures = await readFinalFigures(loop.figureSources, failed);
  output = replayOutput({ progress, figures, labels: LABELS, badLines: 0, deterministic: false });
}, 120_000);
afterAll(async () => {
  await loop?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function fail(line: number, why: string): never {
  throw new Error(`line ${line}: ${why}`);
}

/** Holds the last request back until the predictor serves with everything that was learned before. */
async function* asLearned(records: AsyncIterable<ReplayRecord>): AsyncGenerator<ReplayRecord> {
  for await (const record of records) {
    if (record.kind === 'request' && record.servingId === ASKED) await untilServed(record);
    yield record;
  }
}

async function untilServed(request: RequestRecord): Promise<void> {
  const trainedMs = async () => {
    const offsets = await loop.streams.groupOffsets(loop.trainerGroup, 'samples');
    return offsets.length < loop.partitions ? 0 : Math.min(...offsets.map(({ timeMs }) => timeMs));
  };
  while ((await trainedMs()) < QUIET_MS) await sleep(20);
  await using weir = await connect({ seeds: seeds(), clientId: 'test' });
  const table = await weir.table(`${loop.run.name}/lr`);
  for await (const { cursor } of table.subscribe()) {
    if (Object.keys(cursor.shards).length < 3) continue;
    for (;;) {
      const rows = await rank(request, `probe-${probes++}`);
      const isNewEnough = ({ shard, seq }: RowsVersion) => seq >= cursor.shards[shard]!.seq;
      if (rows.length === 3 && rows.every(isNewEnough)) return;
      await sleep(20);
    }
  }
}

async function rank(request: RequestRecord, servingId: string): Promise<RowsVersion[]> {
  const client = new PredictorClient(loop.cluster.addresses.predictor.listen, credentials.createInsecure());
  const { user, scene, docIds, features, timeMs } = request;
  const message: RankRequest = { servingId, timeMs, user, scene, docIds: [...docIds], features };
  try {
    return await new Promise((resolve, reject) => {
      client.rank(message, (error, response) =>
        error === null ? resolve(response.modelVersion!.rows) : reject(error),
      );
    });
  } finally {
    client.close();
  }
}

const seeds = () => loop.cluster.addresses.shards.map(({ listen }) => listen);
const explained = (servingId: string, ...flags: string[]) =>
  runWeir([
    ...['explain', servingId, '--labels', LABELS.join(',')],
    ...['--seeds', seeds().join(','), '--streams', loop.cluster.addresses.streams.listen],
    ...flags,
  ]);

describe('three labels', () => {
  it('become known each at the end of its own window, and have a head, a loss and served scores each', () => {
    expect(output).toMatchObject({
      requests: BACKGROUND + 2,
      samples: BACKGROUND + 2 + probes,
      events: 7,
      late: 1,
      orphans: 1,
      rejected: 0,
    });
    const positives = Object.fromEntries(LABELS.map((label) => [label, output.labels[label]!.positives]));
    expect(positives).toEqual({ click: 2, cart: 1, purchase: 1 });
    for (const label of LABELS) {
      const { log_loss, served } = output.labels[label]!;
      expect({ label, log_loss, served: served?.log_loss }).toEqual({
        label,
        log_loss: expect.any(Number),
        served: expect.any(Number),
      });
    }
    const losses = LABELS.map((label) => output.labels[label]!.log_loss);
    expect(new Set(losses).size).toBe(3);
  });
});

describe('weir explain', () => {
  it('goes from a score to the row, the push that changed it last, and the purchase behind that', async () => {
    const { code, stdout, stderr } = await explained(ASKED, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const told = JSON.parse(stdout) as Explanation;
    expect(told).toMatchObject({
      serving_id: ASKED,
      document: 'p7',
      scores: { purchase: expect.any(Number) },
    });
    const at = told.rows.findIndex(({ feature }) => feature === 'brand=77');
    const row = told.rows[at]!;
    if (row.change.kind !== 'push') throw new Error(`changed by ${row.change.kind}`);
    expect(row.change.seq).toBeLessThanOrEqual(row.version!.seq);
    // The purchase pulls its head up; the other labels' heads were changed when their windows closed.
    expect(row.change.gradient[0]).toBe(0);
    expect(row.change.gradient[2]).toBeLessThan(0);
    const batch = told.batches[row.change.batch!]!;
    const samples = batch.requests.flatMap((request) =>
      request.samples.filter(({ rows }) => rows.includes(at)).map((sample) => ({ request, sample })),
    );
    expect(samples).toEqual([
      {
        request: expect.objectContaining({ serving_id: BOUGHT, revision: 2 }),
        sample: expect.objectContaining({
          labels: { purchase: 1 },
          events: [{ label: 'purchase', event_id: PURCHASE_EVENT, time_ms: PURCHASE_MS }],
        }),
      },
    ]);
    expect(batch.unknown).toEqual([]);
  });

  it('says that a row was never changed, and reads well', async () => {
    const { stdout } = await explained(ASKED);
    expect(stdout).toContain('never by then: its initial value');
    expect(stdout).toContain(`purchase by event ${PURCHASE_EVENT}`);
  });

  it('refuses what it cannot know', async () => {
    const [unknown, otherLabels, noDocument] = await Promise.all([
      explained('nobody'),
      explained(ASKED, '--labels', 'click'),
      explained(ASKED, '--doc', 'p1'),
    ]);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('is in no kept record') });
    expect(otherLabels).toMatchObject({ code: 1, stderr: expect.stringContaining('--labels click,cart') });
    expect(noDocument).toMatchObject({ code: 1, stderr: expect.stringContaining('it has p7') });
  });
});
