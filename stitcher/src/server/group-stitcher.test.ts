// Several stitchers as real processes: they come, are killed, stopped and woken. The samples are those of one that nothing
// happened to.
import { join } from 'node:path';
import { type Cluster, startCluster } from '@weir/ps/testing';
import type { ServiceProcess } from '@weir/runtime';
import { connectStreams, type StreamsClient } from '@weir/streams/client';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { INPUT_STREAMS } from '../core/counters.ts';
import { PacedTraffic, TRAFFIC_FLAGS } from '../testing/paced-traffic.ts';
import { freePort, Processes } from '../testing/processes.ts';
import type { CountersReport } from './counters-report.ts';

const PARTITIONS = 3;
const LEASE_MS = 1_000;
const WAIT = { timeout: 15_000, interval: 20 };
const TIMEOUT_MS = 60_000;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ shards: 1 });
});
afterAll(() => cluster.stop());

class Stitchers implements AsyncDisposable {
  readonly processes: Processes;
  readonly streams: StreamsClient;
  readonly traffic: PacedTraffic;
  readonly #streamsAddress: string;

  private constructor(processes: Processes, streamsAddress: string) {
    this.processes = processes;
    this.#streamsAddress = streamsAddress;
    this.streams = connectStreams({ address: streamsAddress });
    this.traffic = new PacedTraffic(this.streams, PARTITIONS);
  }

  static async create(): Promise<Stitchers> {
    const processes = await Processes.create();
    const { listen } = await processes.startStreams(await freePort());
    return new Stitchers(processes, listen);
  }

  start(member: string): Promise<ServiceProcess> {
    return this.processes.start(
      'stitcher',
      ...['--streams', this.#streamsAddress, '--data', join(this.processes.folder, member)],
      ...['--member', member, '--seeds', cluster.seeds.join(), '--lease-ms', String(LEASE_MS)],
      ...['--partitions', String(PARTITIONS), ...TRAFFIC_FLAGS],
    );
  }

  async counters({ admin }: ServiceProcess): Promise<CountersReport> {
    return (await (await fetch(`http://${admin}/counters`)).json()) as CountersReport;
  }

  /** Resolves when the process has these partitions. */
  async has(process: ServiceProcess, ...partitions: number[]): Promise<void> {
    await vi.waitFor(async () => {
      const held = (await this.counters(process)).partitions.map(({ partition }) => partition);
      expect(held.sort()).toEqual(partitions);
    }, WAIT);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.streams.close();
    await this.processes[Symbol.asyncDispose]();
  }
}

it(
  'partitions move with their state: to a second stitcher, back when it is killed, back when it leaves',
  async () => {
    await using stitchers = await Stitchers.create();
    const { traffic, processes } = stitchers;
    const first = await stitchers.start('a');
    await stitchers.has(first, 0, 1, 2);
    await traffic.send(10);
    let second = await stitchers.start('b');
    const sending = traffic.send(10);
    await stitchers.has(second, 1);
    await sending;
    const undisturbed = traffic.send(10);
    await processes.kill(second);
    await undisturbed;
    await stitchers.has(first, 0, 1, 2);
    await traffic.send(5);
    // On its old folder, which knows only the beginning.
    second = await stitchers.start('b');
    await stitchers.has(second, 1);
    await stitchers.has(first, 0, 2);
    const rest = traffic.send(10);
    await second.stop();
    await rest;
    await traffic.end();
    await traffic.expectOutputs();
    await stitchers.has(first, 0, 1, 2);
    const { requests } = traffic;
    expect(await stitchers.counters(first)).toMatchObject({
      requests,
      samples: 3 * requests,
      open_requests: 0,
    });
    for (const stream of INPUT_STREAMS) {
      await vi.waitFor(async () => {
        const offsets = await stitchers.streams.groupOffsets('stitcher', stream);
        const ends = await stitchers.streams.endOffsets(stream);
        expect(offsets.map(({ offset }) => offset)).toEqual(ends.map(({ endOffset }) => endOffset));
      }, WAIT);
    }
  },
  TIMEOUT_MS,
);

it(
  'a stopped stitcher that wakes after its partitions have moved changes nothing',
  async () => {
    await using stitchers = await Stitchers.create();
    const { traffic } = stitchers;
    const survivor = await stitchers.start('a');
    const zombie = await stitchers.start('b');
    await stitchers.has(zombie, 1);
    await traffic.send(10);
    const sending = traffic.send(10);
    zombie.kill('SIGSTOP');
    await sending;
    await stitchers.has(survivor, 0, 1, 2);
    // So that it works on: the group cannot tell it that its place is lost.
    const [shard] = cluster.pids;
    process.kill(shard!, 'SIGSTOP');
    try {
      const rest = traffic.send(20);
      zombie.kill('SIGCONT');
      await rest;
      await stitchers.has(zombie);
    } finally {
      process.kill(shard!, 'SIGCONT');
    }
    expect((await zombie.exited).code).toBe(1);
    await traffic.end();
    await traffic.expectOutputs();
    await stitchers.has(survivor, 0, 1, 2);
    const { requests } = traffic;
    expect(await stitchers.counters(survivor)).toMatchObject({ requests, samples: 3 * requests });
  },
  TIMEOUT_MS,
);
