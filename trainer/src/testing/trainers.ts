// Trainers as processes between a real streams server and real shards, and samples that are counted once by a model whose
// table counts, for tests of who trains what.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unpackKeys } from '@weir/proto';
import { type Cluster, startCluster } from '@weir/ps/testing';
import { freePorts, type ServiceProcess, spawnService } from '@weir/runtime';
import { connect, type Weir } from '@weir/sdk';
import { connectStreams, END_OF_INPUT_MS, partitionOf, type StreamsClient } from '@weir/streams/client';
import type { TrainerReport } from '../index.ts';
import { CountingSamples } from './counting-samples.ts';

const WEIR = new URL('../../../cli/src/main.ts', import.meta.url).pathname;
const MODEL = new URL('./counting-model.ts', import.meta.url).pathname;
const WINDOW = 4;
const PARTITIONS = 2;

export class Trainers implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly streams: StreamsClient;
  readonly weir: Weir;
  readonly #dir: string;
  readonly #listen: string;
  readonly #samples = new CountingSamples();
  readonly #processes: ServiceProcess[] = [];
  #server: ServiceProcess;

  private constructor(
    dir: string,
    listen: string,
    cluster: Cluster,
    server: ServiceProcess,
    streams: StreamsClient,
    weir: Weir,
  ) {
    this.#dir = dir;
    this.#listen = listen;
    this.#server = server;
    this.cluster = cluster;
    this.streams = streams;
    this.weir = weir;
  }

  static async begin(): Promise<Trainers> {
    const dir = await mkdtemp(join(tmpdir(), 'weir-trainers-'));
    const listen = `127.0.0.1:${(await freePorts(1))[0]}`;
    const [cluster, server] = await Promise.all([
      startCluster({ shards: 2 }),
      startStreams(listen, join(dir, 'streams')),
    ]);
    const streams = connectStreams({ address: listen });
    await streams.create('samples', PARTITIONS);
    const weir = await connect({ seeds: cluster.seeds, clientId: 'test' });
    return new Trainers(dir, listen, cluster, server, streams, weir);
  }

  /** Resolves when it is ready, which it is before it has joined. */
  async start(member: string, leaseMs = 10_000): Promise<ServiceProcess> {
    const { seeds } = this.cluster;
    const flags = ['--streams', this.#listen, '--seeds', seeds.join(','), '--model', MODEL];
    const trainer = await spawnService({
      name: member,
      command: [
        ...[WEIR, 'trainer', ...flags, '--window', String(WINDOW)],
        ...['--member', member, '--lease-ms', String(leaseMs)],
      ],
      logFile: this.logOf(member),
    });
    this.#processes.push(trainer);
    return trainer;
  }

  logOf(member: string): string {
    return join(this.#dir, `${member}.log`);
  }

  /** Samples of so many requests, one after the other, then the time up to which they go. One call at a time. */
  async append(requests: number): Promise<void> {
    for (const sample of this.#samples.make(requests)) {
      const partition = partitionOf(sample.servingId, PARTITIONS);
      await this.streams.append('samples', partition, [{ value: sample.value }]);
    }
    await this.#progress(this.#samples.timeMs);
  }

  async endInput(): Promise<void> {
    await this.#progress(END_OF_INPUT_MS);
  }

  /** Until all that was appended is trained, whoever does it. */
  async trained(timeMs = this.#samples.timeMs): Promise<void> {
    for (;;) {
      const offsets = await this.streams.groupOffsets('trainer', 'samples');
      if (offsets.length === PARTITIONS && offsets.every((one) => one.timeMs >= timeMs)) return;
      await sleep(20);
    }
  }

  /** Until the group consists of these members, and has met as such. */
  async agreed(...members: string[]): Promise<void> {
    const group = this.weir.group('trainer');
    for (;;) {
      const latest = await group.latest();
      if (latest?.members.join() === members.join()) return;
      await sleep(20);
    }
  }

  /** Rows whose counts are not those of the samples, by key: [found, expected]. */
  async wrongCounts(): Promise<ReadonlyMap<bigint, readonly [number, number]>> {
    const { keys, counts } = this.#samples.counted();
    const rows = await (await this.weir.table('default/counts')).pull(keys);
    const wrong = new Map<bigint, readonly [number, number]>();
    unpackKeys(keys).forEach((key, i) => {
      if (rows[i] !== counts[i]) wrong.set(key, [rows[i]!, counts[i]!]);
    });
    return wrong;
  }

  /** Per partition the distinct applied offsets of the shards, with the end of the stream: all the same when at rest. */
  async offsets(): Promise<number[][]> {
    const ends = await this.streams.endOffsets('samples');
    const shards = await this.weir.sources('trainer').describe();
    return ends.map(({ partition, endOffset }) => {
      const applied = shards.map(({ partitions }) => partitions.find((one) => one.partition === partition));
      return [...new Set([endOffset, ...applied.map((one) => one?.applied ?? -1)])];
    });
  }

  /**
   * Records without samples come into all partitions, and those of the first are passed at every shard, as a trainer would
   * that nobody knows of: a window that covers all of them is part new, part old, if it comes after this.
   */
  async advanceBeside(): Promise<void> {
    const [shard] = await this.weir.sources('trainer').describe();
    const { partition, incarnation, generation, applied } = shard!.partitions[0]!;
    await this.#progress(this.#samples.timeMs);
    const ranges = [{ partition, incarnation, from: applied, to: applied + 1 }];
    await this.weir.push([], { sources: { group: 'trainer', generation, ranges } });
  }

  /** The stream's records are gone: the server comes back with a stream that was made anew. */
  async loseStreams(): Promise<void> {
    const data = join(this.#dir, 'streams-anew');
    const beside = await startStreams('127.0.0.1:0', data);
    const client = connectStreams({ address: beside.listen });
    await client.create('samples', PARTITIONS);
    await client.close();
    await beside.stop();
    this.#server.kill('SIGKILL');
    await this.#server.exited;
    this.#server = await startStreams(this.#listen, data);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.weir.close();
    await this.streams.close();
    for (const trainer of this.#processes) trainer.kill('SIGKILL');
    await Promise.all([this.#server.stop(), this.cluster.stop()]);
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #progress(progressTimeMs: number): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      await this.streams.append('samples', partition, [{ progressTimeMs }]);
    }
  }
}

export async function reportOf(trainer: ServiceProcess): Promise<TrainerReport> {
  return (await (await fetch(`http://${trainer.admin}/evaluation`)).json()) as TrainerReport;
}

function startStreams(listen: string, data: string): Promise<ServiceProcess> {
  return spawnService({ name: 'streams', command: [WEIR, 'streams', '--listen', listen, '--data', data] });
}
