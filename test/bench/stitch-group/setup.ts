// The services of one run of bench stitch-group, and what goes through them: one partition.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FeatureRecord } from '@weir/proto/v1/records';
import { startCluster } from '@weir/ps/testing';
import { freePorts, type ServiceProcess, spawnService } from '@weir/runtime';
import { connectStreams, END_OF_INPUT_MS, type StreamsClient } from '@weir/streams/client';

const WEIR = fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url));
export const DOCUMENTS = 25;
/** As much as a trivago list takes. */
const FEATURE_BYTES = 4_000;
export const START_MS = Date.UTC(2024, 0, 1);
const APPEND_REQUESTS = 200;

/** Of the state. */
export type Where = 'folder' | 'log';

export function request(number: number, timeMs: number): { readonly value: Uint8Array } {
  const record = { ...EMPTY, servingId: `request-${number}`, timeMs, docIds: DOC_IDS, features: FEATURES };
  return { value: FeatureRecord.encode(record).finish() };
}

const EMPTY = FeatureRecord.decode(new Uint8Array());
const DOC_IDS = Array.from({ length: DOCUMENTS }, (_, i) => `document-${i}`);
const FEATURES = new Uint8Array(FEATURE_BYTES).map((_, i) => i * 31);

export class Setup implements AsyncDisposable {
  readonly #dir: string;
  readonly #seeds: readonly string[];
  readonly streams: StreamsClient;
  readonly streamsProcess: ServiceProcess;
  readonly #ending: (() => Promise<unknown>)[];

  private constructor(
    dir: string,
    seeds: readonly string[],
    streamsProcess: ServiceProcess,
    ending: (() => Promise<unknown>)[],
  ) {
    this.#dir = dir;
    this.#seeds = seeds;
    this.streamsProcess = streamsProcess;
    this.streams = connectStreams({ address: streamsProcess.listen });
    this.#ending = ending;
  }

  static async open(): Promise<Setup> {
    const dir = await mkdtemp(join(tmpdir(), 'weir-bench-'));
    const cluster = await startCluster({ shards: 1 });
    const [port] = await freePorts(1);
    const flags = ['--listen', `127.0.0.1:${port}`, '--data', join(dir, 'streams')];
    const streams = await spawnService({ name: 'streams', command: [WEIR, 'streams', ...flags] });
    return new Setup(dir, cluster.seeds, streams, [
      () => streams.stop(),
      () => cluster.stop(),
      () => rm(dir, { recursive: true, force: true }),
    ]);
  }

  async makeInputs(): Promise<void> {
    for (const stream of ['features', 'behaviour']) await this.streams.create(stream, 1);
  }

  /** Requests ten milliseconds apart, then progress up to `endMs`. */
  async fill(requests: number, endMs: number): Promise<void> {
    await this.makeInputs();
    for (let from = 0; from < requests; from += APPEND_REQUESTS) {
      const records = Array.from({ length: APPEND_REQUESTS }, (_, i) =>
        request(from + i, START_MS + 10 * (from + i)),
      );
      await this.streams.append('features', 0, records);
    }
    for (const stream of ['features', 'behaviour']) {
      await this.streams.append(stream, 0, [{ progressTimeMs: endMs }]);
    }
  }

  async stitcher(name: string, state: Where, ...flags: string[]): Promise<ServiceProcess> {
    const member = ['--member', name, '--seeds', this.#seeds.join()];
    const started = await spawnService({
      name,
      command: [
        ...[WEIR, 'stitcher', '--streams', this.streamsProcess.listen, '--data', join(this.#dir, name)],
        ...(state === 'log' ? member : []),
        ...flags,
      ],
      logFile: this.#logFile(name),
    });
    this.#ending.unshift(() => started.stop());
    return started;
  }

  /** The first samples of so many requests, and all that follows from the end of the input. */
  async isStitched(requests: number): Promise<boolean> {
    const [end] = await this.streams.endOffsets('samples');
    if (end === undefined || end.endOffset < requests) return false;
    for await (const { records } of this.streams.read('samples', 0, { offset: end.endOffset - 1 })) {
      return records.at(-1)?.progressTimeMs === END_OF_INPUT_MS;
    }
    return false;
  }

  async stateBytes(): Promise<number> {
    const [end] = await this.streams.endOffsets('stitcher-state');
    let bytes = 0;
    for await (const { records } of this.streams.read('stitcher-state', 0, { offset: end!.startOffset })) {
      for (const { value } of records) bytes += value.length;
    }
    // What was trimmed is about as long as what is left, record by record.
    return (bytes * end!.endOffset) / (end!.endOffset - end!.startOffset);
  }

  /** What the member said when it took the partition for the n-th time. */
  async taken(member: string, nth = 1): Promise<{ readonly readBytes: number; readonly tookMs: number }> {
    const lines = (await readFile(this.#logFile(member), 'utf8')).split('\n');
    const taken = lines.filter((line) => line.includes('took a partition over'));
    return JSON.parse(taken[nth - 1]!) as { readBytes: number; tookMs: number };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.streams.close();
    for (const end of this.#ending) await end();
  }

  #logFile(name: string): string {
    return join(this.#dir, `${name}.log`);
  }
}
