// Real processes: streams, collector and stitcher, each killed with SIGKILL while a replay goes through them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { IngestClient } from '@weir/proto/v1/ingest';
import { type BehaviourEvent, FeatureRecord } from '@weir/proto/v1/records';
import type { ServiceProcess } from '@weir/runtime';
import { connectStreams, END_OF_INPUT_MS, partitionOf, type StreamsClient } from '@weir/streams/client';
import { describe, expect, it, vi } from 'vitest';
import { emptyCounters } from '../core/counters.ts';
import { labelPlan } from '../core/label-plan.ts';
import { naiveJoin } from '../testing/naive-join.ts';
import { readAll, readOutputs } from '../testing/partition-harness.ts';
import { plainResult } from '../testing/plain-outputs.ts';
import { freePort, Processes, SERVICE_SCRIPT } from '../testing/processes.ts';
import { behaviourEvent, featureRecord } from '../testing/records.ts';

const ROUNDS = 45;
const T = 1_600_000_000_000;
const plan = labelPlan([
  { label: 'click', observationMs: 10_000, attributionMs: 20_000 },
  { label: 'cart', observationMs: 10_000, attributionMs: 60_000 },
]);

const COUNTED = {
  requests: ROUNDS,
  documents: 3 * ROUNDS,
  samples: 3 * ROUNDS,
  positives: { click: ROUNDS, cart: 30 },
  orphans: 15,
  open_requests: 0,
  watermark_ms: END_OF_INPUT_MS,
};

async function putEvents(address: string, events: BehaviourEvent[]): Promise<void> {
  const client = new IngestClient(address, credentials.createInsecure());
  try {
    await new Promise<void>((resolve, reject) => {
      client.putEvents({ events }, (error) => (error === null ? resolve() : reject(error)));
    });
  } finally {
    client.close();
  }
}

async function announce(streams: StreamsClient, timeMs: number): Promise<void> {
  for (const stream of ['features', 'behaviour']) {
    for (const partition of [0, 1]) await streams.append(stream, partition, [{ progressTimeMs: timeMs }]);
  }
}

describe('weir stitcher', () => {
  it('says every sample once, though every process is killed in the middle', async () => {
    await using processes = await Processes.create();
    const port = await freePort();
    let server = await processes.startStreams(port);
    const startStitcher = () =>
      processes.start(
        'stitcher',
        ...[
          '--streams',
          server.listen,
          '--data',
          join(processes.folder, 'stitcher'),
          '--labels',
          'click,cart',
        ],
        ...['--attribution', 'click=20s,cart=60s', '--observation', 'cart=10s,click=10s', '--deterministic'],
      );
    const startCollector = () => processes.start('collector', '--streams', server.listen);
    let [stitcher, collector]: ServiceProcess[] = await Promise.all([startStitcher(), startCollector()]);
    const streams = connectStreams({ address: server.listen });

    const features: FeatureRecord[] = [];
    const events: BehaviourEvent[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const timeMs = T + round * 2_000;
      await announce(streams, timeMs);
      const servingId = `s${round}`;
      const record = featureRecord({ servingId, timeMs });
      const batch = [
        behaviourEvent({ servingId, eventId: `c${round}`, docId: `d${round % 3}`, timeMs: timeMs + 500 }),
        behaviourEvent({ servingId, eventId: `k${round}`, docId: 'd1', type: 'cart', timeMs: timeMs + 900 }),
        behaviourEvent({ servingId: `x${round}`, eventId: 'o', timeMs: timeMs + 1_000 }),
      ].slice(0, 1 + (round % 3));
      features.push(record);
      events.push(...batch);
      const value = FeatureRecord.encode(record).finish();
      await streams.append('features', partitionOf(servingId, 2), [{ value }]);
      // A repeat of what an answer was lost for.
      if (round % 7 === 0) await putEvents(collector!.listen, batch);
      await putEvents(collector!.listen, batch);
      if (round === 10 || round === 30) {
        await processes.kill(stitcher!);
        stitcher = await startStitcher();
      }
      if (round === 25) {
        await processes.kill(collector!);
        collector = await startCollector();
        await putEvents(collector.listen, batch);
      }
      if (round === 18) {
        await processes.kill(server);
        server = await processes.startStreams(port);
      }
    }
    await announce(streams, END_OF_INPUT_MS);
    for (const partition of [0, 1]) {
      await vi.waitFor(
        async () => {
          const last = (await readAll(streams, 'samples', partition)).at(-1);
          expect(last?.progressTimeMs).toBe(END_OF_INPUT_MS);
        },
        { timeout: 15_000, interval: 50 },
      );
      const expected = naiveJoin(
        plan,
        features.filter((r) => partitionOf(r.servingId, 2) === partition).map((record) => ({ record })),
        events.filter((e) => partitionOf(e.servingId, 2) === partition).map((record) => ({ record })),
      );
      const { samples, late, orphans } = await readOutputs(streams, partition);
      const outputs = { samples, late, orphans, rejected: [] };
      const counted = { duplicates: expected.duplicates, conflicts: expected.conflicts, ignored: {} };
      expect(plainResult(outputs, { ...emptyCounters([]), ...counted })).toEqual(expected);
    }
    const counters = await (await fetch(`http://${stitcher!.admin}/counters`)).json();
    expect(counters).toMatchObject({ ...COUNTED, late: 0 });
    for (const stream of ['features', 'behaviour']) {
      const isTrimmed = expect.toSatisfy((startOffset: number) => startOffset > 0);
      await expect
        .poll(() => streams.endOffsets(stream), { timeout: 10_000 })
        .toMatchObject([{ startOffset: isTrimmed }, { startOffset: isTrimmed }]);
    }
    const metrics = await (await fetch(`http://${stitcher!.admin}/metrics`)).text();
    const samples = [...metrics.matchAll(/^stitcher_samples\S* (\d+)$/gm)].map(([, count]) => Number(count));
    expect(samples.reduce((sum, count) => sum + count)).toBe(135);
    // Started again on trimmed streams it still knows where it stands.
    await processes.kill(stitcher!);
    stitcher = await startStitcher();
    const value = FeatureRecord.encode(featureRecord({ servingId: 's0', timeMs: T })).finish();
    await streams.append('features', 0, [{ value }]);
    await expect
      .poll(async () => (await fetch(`http://${stitcher!.admin}/counters`)).json(), { timeout: 10_000 })
      .toMatchObject({ ...COUNTED, late: 1 });
    await streams.close();
  }, 60_000);

  it.each(['stitcher', 'collector'])(
    '%s stops at once while it waits for streams that say nothing',
    async (name) => {
      await using processes = await Processes.create();
      const asked = Promise.withResolvers<void>();
      const silent = createServer(() => asked.resolve()).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const streams = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
      const data = name === 'stitcher' ? ['--data', join(processes.folder, name)] : [];
      const child = spawn(
        process.execPath,
        [SERVICE_SCRIPT, name, '--streams', streams, ...data, '--shutdown-timeout-ms', '2000'],
        { stdio: 'ignore' },
      );
      const exited = once(child, 'exit');
      await asked.promise;
      child.kill('SIGTERM');
      // Not 1, the end by the deadline.
      expect(await exited).toEqual([0, null]);
      silent.close();
    },
  );

  it('refuses fast where the same input has to give the same samples', async () => {
    await using processes = await Processes.create();
    const flags = [
      '--streams',
      '127.0.0.1:1',
      '--data',
      processes.folder,
      '--policy',
      'fast',
      '--deterministic',
    ];
    await expect(processes.start('stitcher', ...flags)).rejects.toThrow(
      '--deterministic refuses --policy fast',
    );
  });
});
