// The streams service as a process: killed and started again, its folder, its stop.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, type ServiceProcess, spawnService } from '@weir/runtime';
import { openRocksStore } from '@weir/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectStreams, type StreamsClient } from '../client/index.ts';
import { FORMAT_KEY } from '../core/keys.ts';
import { STREAMS_FAMILIES } from '../index.ts';

const SERVE = fileURLToPath(new URL('../testing/serve.ts', import.meta.url));

let data: string;
let listen: string;
const running = new Set<ServiceProcess>();
const clients = new Set<StreamsClient>();

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'weir-streams-'));
  listen = `127.0.0.1:${(await freePorts(1))[0]}`;
});

afterEach(async () => {
  for (const client of clients) await client.close();
  for (const service of running) await service.stop();
  clients.clear();
  running.clear();
  await rm(data, { recursive: true });
});

async function start(...flags: string[]): Promise<ServiceProcess> {
  const service = await spawnService({
    command: [SERVE, '--data', data, '--listen', listen, ...flags],
    name: 'streams',
  });
  running.add(service);
  return service;
}

async function kill(service: ServiceProcess): Promise<void> {
  service.kill('SIGKILL');
  await service.exited;
  running.delete(service);
}

function connect(): StreamsClient {
  const client = connectStreams({ address: listen });
  clients.add(client);
  return client;
}

describe('the streams service', () => {
  it('loses and doubles nothing when it is killed under idempotent appends, and readers go on', async () => {
    let service = await start();
    const client = connect();
    await client.create('samples', 2);
    const total = 600;
    const produce = async (partition: number): Promise<void> => {
      for (let first = 1; first <= total; first += 3) {
        const records = [0, 1, 2].map((index) => ({ value: Buffer.from(`${partition}:${first + index}`) }));
        const producer = { id: `stage/${partition}`, epoch: 1, firstSequence: first };
        await client.append('samples', partition, records, { producer });
      }
    };
    const kills = [200, 400].map((count) => ({ count, ...Promise.withResolvers<void>() }));
    const consume = async (partition: number): Promise<string[]> => {
      const seen: string[] = [];
      for await (const batch of connect().read('samples', partition, { offset: 0, follow: true })) {
        seen.push(...batch.records.map(({ value }) => Buffer.from(value).toString()));
        for (const { count, resolve } of kills) if (seen.length > count) resolve();
        if (seen.length >= total) break;
      }
      return seen;
    };
    const work = Promise.all([produce(0), produce(1), consume(0), consume(1)]);
    for (const { promise } of kills) {
      await promise;
      await kill(service);
      service = await start();
    }
    const [, , first, second] = await work;
    const expected = (partition: number): string[] =>
      Array.from({ length: total }, (_, index) => `${partition}:${index + 1}`);
    expect(first).toEqual(expected(0));
    expect(second).toEqual(expected(1));
  });

  it('has group offsets, epochs, trims and incarnations again after kill -9', async () => {
    const service = await start('--durability', 'machine');
    const client = connect();
    await client.create('features', 1);
    await client.append(
      'features',
      0,
      Array.from({ length: 10 }, (_, index) => ({ progressTimeMs: index })),
    );
    await client.fence('features', 0, { id: 'p', epoch: 7 });
    await client.commitOffsets('group', 'features', [{ partition: 0, offset: 6, timeMs: 5 }]);
    await client.trim('features', 0, 4);
    const ends = await client.endOffsets('features');
    await kill(service);
    await start('--durability', 'machine');
    expect(await client.endOffsets('features')).toEqual(ends);
    expect(ends).toMatchObject([{ startOffset: 4, endOffset: 10 }]);
    expect(await client.groupOffsets('group', 'features')).toEqual([{ partition: 0, offset: 6, timeMs: 5 }]);
    const old = client.append('features', 0, [{}], { producer: { id: 'p', epoch: 6, firstSequence: 1 } });
    await expect(old).rejects.toMatchObject({ code: 'FENCED' });
    const times: (number | undefined)[] = [];
    for await (const { records, incarnation } of client.read('features', 0, { offset: 4 })) {
      times.push(...records.map(({ progressTimeMs }) => progressTimeMs));
      expect(incarnation).toBe(ends[0]!.incarnation);
    }
    expect(times).toEqual([4, 5, 6, 7, 8, 9]);
  });

  it('tells a reader that goes on in an emptied folder that its source is lost', async () => {
    const service = await start();
    const client = connect();
    await client.create('features', 1);
    await client.append('features', 0, [{}, {}]);
    const reading = (async () => {
      for await (const { endOffset } of connect().read('features', 0, { offset: 0, follow: true })) {
        expect(endOffset).toBe(2);
        await kill(service);
        await rm(data, { recursive: true });
        await start();
        await client.create('features', 1);
        await client.append('features', 0, [{}, {}, {}]);
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'SOURCE_LOST' });
  });

  it('stops in order while a reader follows, and its clients wait for the next start', async () => {
    const service = await start();
    const client = connect();
    await client.create('features', 1);
    const stop = new AbortController();
    const offsets: number[] = [];
    const reading = (async () => {
      const options = { offset: 0, follow: true, signal: stop.signal };
      for await (const { records } of connect().read('features', 0, options)) {
        offsets.push(...records.map(({ offset }) => offset));
        if (offsets.length === 2) stop.abort();
      }
    })();
    await client.append('features', 0, [{}]);
    await service.stop();
    expect(await service.exited).toEqual({ code: 0, signal: null });
    running.delete(service);
    const append = client.append('features', 0, [{}]);
    await start();
    expect((await append).endOffset).toBe(2);
    await reading;
    expect(offsets).toEqual([0, 1]);
  });

  it('removes what its consumers have committed, where it is told to', async () => {
    await start('--trim', 'features=stitcher');
    const client = connect();
    for (const stream of ['features', 'late']) {
      await client.create(stream, 1);
      await client.append(stream, 0, [{}, {}, {}]);
      await client.commitOffsets('stitcher', stream, [{ partition: 0, offset: 2, timeMs: 0 }]);
    }
    await expect
      .poll(() => client.endOffsets('features'), { timeout: 10_000 })
      .toMatchObject([{ startOffset: 2, endOffset: 3 }]);
    expect(await client.endOffsets('late')).toMatchObject([{ startOffset: 0, endOffset: 3 }]);
  });

  it('refuses a folder of a newer format, one in use, and a flipped bit in its log', async () => {
    const service = await start();
    await expect(start()).rejects.toThrow(/CONFIGURATION: .*another process has the folder open/);
    const client = connect();
    await client.create('features', 1);
    for (let call = 0; call < 50; call++)
      await client.append('features', 0, [{ value: Buffer.alloc(1_000) }]);
    await kill(service);
    const log = (await readdir(data))
      .filter((name) => name.endsWith('.log'))
      .sort()
      .at(-1)!;
    await flipBit(join(data, log));
    await expect(start()).rejects.toThrow(/CORRUPT: .*restore the folder from a copy/);
    await expect(start('--data', join(data, log))).rejects.toThrow(
      /CONFIGURATION: --data: .*make the folder/,
    );
    await rm(data, { recursive: true });
    const store = await openRocksStore(data, { families: STREAMS_FAMILIES });
    await store.write(store.batch().put('meta', FORMAT_KEY, Buffer.from('2')));
    await store.close();
    await expect(start()).rejects.toThrow(
      /CONFIGURATION: .*has format 2, this version of Weir reads format 1/,
    );
  });
});

describe('the streams client', () => {
  it('gives up at its deadline when no server is there, and says which address it tried', async () => {
    const call = connect().endOffsets('features', { timeoutMs: 300 });
    await expect(call).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: expect.stringContaining(listen),
    });
    const append = connect().append('features', 0, [{}], { timeoutMs: 100 });
    await expect(append).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });
});

async function flipBit(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length >>> 1]! ^= 1;
  await writeFile(path, bytes);
}
