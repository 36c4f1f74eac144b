// Pushes with sources against a shard behind real gRPC: what is applied, what is settled, what is refused.
import { slotOf, u32FromBytes, WeirError } from '@weir/proto';
import type { PushRequest, PushResponse, SourceRange } from '@weir/proto/v1/parameter_server';
import { openMemoryStore } from '@weir/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultyStore } from '../../testing/faulty-store.ts';
import { startTestShard, type TestShard, TWO_SHARDS } from '../../testing/in-process.ts';
import {
  pushPart,
  pushRequest,
  type RawClient,
  sumTable,
  type TestStream,
} from '../../testing/raw-client.ts';
import { RawSources } from '../../testing/raw-sources.ts';
import { FAMILIES } from '../folder/families.ts';

const disk = new FaultyStore(openMemoryStore({ families: FAMILIES }));
let server: TestShard;
let client: RawClient;
beforeAll(async () => {
  server = await startTestShard({ store: disk.store });
  client = server.client;
  await client.create(sumTable('doc', 2));
});
afterAll(() => server.stop());

let groups = 0;
/** A group of its own, whose partitions are acquired from 0 on, and a row to which it adds. */
async function newGroup(partitions: readonly number[] = [0], at = server) {
  const number = ++groups;
  const sources = new RawSources(at.address, `group-${number}`);
  if (partitions.length > 0) await sources.acquire(1, partitions);
  const key = BigInt(1_000 + number);
  const row = async () => (await at.client.rows('uid-doc', [key]))[0];
  return { sources, key, row, pusher: new Pusher(at.client, key, `client-${number}`) };
}

/** One client's pushes in order, each adding 1 to a row. */
class Pusher {
  readonly #client: RawClient;
  readonly #key: bigint;
  readonly #id: string;
  number = 0;

  constructor(client: RawClient, key: bigint, id: string) {
    this.#client = client;
    this.#key = key;
    this.#id = id;
  }

  request(sources: SourceRange[], more: Partial<PushRequest> = {}): PushRequest {
    const parts = [pushPart('uid-doc', [this.#key], [1, 0])];
    const of = { id: this.#id, incarnation: 'i' };
    return pushRequest(++this.number, parts, { client: of, sources, ...more });
  }

  /** @throws WeirError the refusal. */
  push(...sources: SourceRange[]): Promise<PushResponse> {
    return this.#client.push(this.request(sources));
  }
}

const refused = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });

/** Answers until all numbers up to this one are settled. */
async function settled(stream: TestStream<PushRequest, PushResponse>, through: number) {
  const responses: PushResponse[] = [];
  while ((responses.at(-1)?.through ?? 0) < through) responses.push((await stream.next())!);
  return responses;
}

const codesOf = (responses: PushResponse[]) =>
  responses.flatMap(({ refusals }) => refusals.map(({ error }) => error?.code));

describe('a push with sources', () => {
  it('is applied where its range begins at the offset, and moves that', async () => {
    const { sources, pusher, row } = await newGroup([0, 3]);
    await pusher.push(sources.range(0, 0, 5));
    await pusher.push(sources.range(0, 5, 6), sources.range(3, 0, 2));
    expect(await row()).toBe(2);
    const offset = { incarnation: 'log', generation: 1, start: 0, lost: false };
    expect(await sources.describe()).toEqual({
      shard: 'shard-0',
      partitions: [
        { ...offset, partition: 0, applied: 6 },
        { ...offset, partition: 3, applied: 2 },
      ],
    });
  });

  it('is settled without effect, and counted, where all of it was applied before, under whatever number', async () => {
    const { sources, pusher, row } = await newGroup();
    const before = server.shard.counters.sourceRepeats;
    await pusher.push(sources.range(0, 0, 5));
    const number = pusher.number;
    for (const [from, to] of [
      [0, 5],
      [2, 4],
      [4, 5],
    ] as const)
      await pusher.push(sources.range(0, from, to));
    const other = new Pusher(client, 7n, 'another client');
    await other.push(sources.range(0, 0, 5));
    expect(await row()).toBe(1);
    expect(server.shard.counters.sourceRepeats).toBe(before + 4);
    // The numbers are used up, and remembered as settled.
    expect(pusher.number).toBe(number + 3);
    pusher.number -= 2;
    expect(await pusher.push(sources.range(0, 5, 6))).toMatchObject({ refusals: [] });
    expect(await row()).toBe(1);
  });

  it('is refused with the offset where it does not follow, and with SOURCE_MIXED where only some of it is new', async () => {
    const { sources, pusher, row } = await newGroup([0, 1]);
    await pusher.push(sources.range(0, 0, 5));
    for (const [from, to] of [
      [6, 7],
      [4, 6],
      [0, 6],
    ] as const) {
      await expect(pusher.push(sources.range(0, from, to))).rejects.toEqual(
        refused('SOURCE_GAP', { applied: 5 }),
      );
    }
    await expect(pusher.push(sources.range(0, 0, 5), sources.range(1, 0, 5))).rejects.toEqual(
      refused('SOURCE_MIXED'),
    );
    await pusher.push(sources.range(0, 5, 8), sources.range(1, 0, 5));
    expect(await row()).toBe(2);
    expect(await sources.applied()).toEqual([8, 5]);
  });

  it('is refused in another generation than the one acquired, and of another incarnation of the source', async () => {
    const { sources, pusher, row } = await newGroup();
    await sources.acquire(4, [0]);
    for (const generation of [1, 3, 5]) {
      const error = refused('FENCED', { generation: 4 });
      await expect(pusher.push(sources.range(0, 0, 1, generation))).rejects.toEqual(error);
    }
    await expect(pusher.push(sources.range(9, 0, 1, 4))).rejects.toEqual(refused('FENCED'));
    const other = { ...sources.range(0, 0, 1, 4), incarnation: 'another log' };
    await expect(pusher.push(other)).rejects.toEqual(refused('SOURCE_LOST'));
    await pusher.push(sources.range(0, 0, 1, 4));
    expect(await row()).toBe(1);
  });

  it('that makes no sense is refused and uses its number up', async () => {
    const { sources, pusher } = await newGroup();
    const range = sources.range(0, 0, 1);
    const wrong: SourceRange[][] = [
      [{ ...range, to: 0 }],
      [range, { ...range, from: 1, to: 2 }],
      [{ ...range, group: '' }],
      [{ ...range, group: 'g'.repeat(201) }],
      Array.from({ length: 1_025 }, (_, partition) => ({ ...range, partition })),
    ];
    for (const ranges of wrong)
      await expect(pusher.push(...ranges)).rejects.toEqual(refused('INVALID_ARGUMENT'));
    await pusher.push(range);
  });

  it('without rows moves the offset all the same', async () => {
    const { sources, pusher, row } = await newGroup();
    await client.push(pusher.request([sources.range(0, 0, 9)], { parts: [] }));
    expect(await sources.applied()).toEqual([9]);
    await pusher.push(sources.range(0, 9, 10));
    expect(await row()).toBe(1);
  });

  it('of many that share a log write follows those before it, also when they are repeated and refused in between', async () => {
    const { sources, pusher, row } = await newGroup();
    const stream = client.pushStream();
    const steps = 60;
    for (let i = 0; i < steps; i++) {
      stream.send(pusher.request([sources.range(0, i, i + 1)]));
      stream.send(pusher.request([sources.range(0, i, i + 1)]));
      stream.send(pusher.request([sources.range(0, i + 2, i + 3)]));
    }
    const codes = codesOf(await settled(stream, 3 * steps));
    expect(codes).toEqual(Array(steps).fill('SOURCE_GAP'));
    expect(await row()).toBe(steps);
    stream.cancel();
  });

  it('keeps the offset where it was when it is refused for its table', async () => {
    const { sources, pusher } = await newGroup();
    const parts = [pushPart('uid-none', [1n], [1, 1])];
    await expect(client.push(pusher.request([sources.range(0, 0, 1)], { parts }))).rejects.toEqual(
      refused('TABLE_NOT_FOUND'),
    );
    const short = [pushPart('uid-doc', [1n], [1])];
    await expect(client.push(pusher.request([sources.range(0, 0, 1)], { parts: short }))).rejects.toEqual(
      refused('DIMENSION_MISMATCH'),
    );
    expect(await sources.applied()).toEqual([0]);
  });

  it('to a shard that does not own its keys leaves the offset, and the same range applies with keys that it owns', async () => {
    await using other = await startTestShard({ topology: TWO_SHARDS, id: 'shard-1' });
    await other.client.create(sumTable('doc', 2));
    const { sources, pusher } = await newGroup([0], other);
    const keys = Array.from({ length: 50 }, (_, i) => BigInt(i));
    const owned = keys.filter((key) => other.shard.ownership.slots[slotOf(Number(key), 0)] === 1);
    const push = (of: readonly bigint[]) => {
      const parts = [
        pushPart(
          'uid-doc',
          of,
          of.flatMap(() => [1, 1]),
        ),
      ];
      return other.client.push(pusher.request([sources.range(0, 0, 4)], { parts }));
    };
    await expect(push(keys)).rejects.toEqual(refused('NOT_OWNER'));
    expect(await sources.applied()).toEqual([0]);
    await push(owned);
    expect(await sources.applied()).toEqual([4]);
    sources.close();
  });
});

describe('rows that are not finite', () => {
  it('of a push with sources are passed over, counted and listed, and the others apply', async () => {
    const { sources, pusher } = await newGroup();
    const { counters } = server.shard;
    const before = counters.skippedRows.get('NOT_FINITE') ?? 0;
    const keys = [500n, 501n, 502n, 503n, 500n];
    const values = [1, 2, Number.NaN, 1, 1, Number.POSITIVE_INFINITY, 3, 4, 1, 1];
    const stream = client.pushStream();
    // In two frames: the index counts over both.
    const parts = [
      pushPart('uid-doc', keys.slice(0, 2), values.slice(0, 4)),
      pushPart('uid-doc', keys.slice(2), values.slice(4)),
    ];
    const frame = pusher.request([sources.range(0, 0, 8)], { parts: [parts[0]!], moreFrames: true });
    stream.send(frame);
    stream.send({ ...frame, sources: [], parts: [parts[1]!], moreFrames: false });
    stream.send(pusher.request([sources.range(0, 8, 9)]));
    const responses = await settled(stream, 2);
    expect(codesOf(responses)).toEqual([]);
    expect(
      responses.flatMap(({ skipped }) =>
        skipped.map(({ keys: indexes, ...rest }) => ({ ...rest, keys: [...u32FromBytes(indexes)] })),
      ),
    ).toEqual([{ number: 1, tableUid: 'uid-doc', code: 'NOT_FINITE', keys: [1, 2], rows: 2 }]);
    expect(counters.skippedRows.get('NOT_FINITE')).toBe(before + 2);
    expect([...(await client.rows('uid-doc', [500n, 501n, 502n, 503n]))]).toEqual([2, 3, 0, 0, 0, 0, 3, 4]);
    expect(await sources.applied()).toEqual([9]);
    stream.cancel();
  });

  it('alone in a push let its ranges advance', async () => {
    const { sources, pusher } = await newGroup();
    const parts = [pushPart('uid-doc', [1n], [Number.NaN, 0])];
    const response = await client.push(pusher.request([sources.range(0, 0, 3)], { parts }));
    expect(response.skipped).toMatchObject([{ number: 1, code: 'NOT_FINITE', rows: 1 }]);
    expect(await sources.applied()).toEqual([3]);
  });
});

describe('acquire', () => {
  it('fences a former owner whose pushes are in flight: what it tells is final for them', async () => {
    const { sources, pusher, row } = await newGroup();
    const stream = client.pushStream();
    let sent = 0;
    const push = () => stream.send(pusher.request([sources.range(0, sent, ++sent)]));
    for (let i = 0; i < 40; i++) push();
    await settled(stream, 1);
    const acquiring = sources.acquire(2, [0]);
    for (let i = 0; i < 160; i++) {
      push();
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const { applied } = (await acquiring).partitions[0]!;
    expect(await row()).toBe(applied);
    const successor = new Pusher(client, 3n, `successor of ${groups}`);
    await successor.push(sources.range(0, applied, applied + 1, 2));
    await settled(stream, sent - 1);
    expect(await row()).toBe(applied);
    expect(await sources.applied()).toEqual([applied + 1]);
    stream.cancel();
  });

  it('takes a start once, and raises the generation of all partitions or of none', async () => {
    const { sources } = await newGroup([]);
    expect((await sources.acquire(3, [5, 1], 7)).partitions).toMatchObject([
      { partition: 5, generation: 3, start: 7, applied: 7 },
      { partition: 1, generation: 3, start: 7, applied: 7 },
    ]);
    expect((await sources.acquire(4, [1], 99)).partitions).toMatchObject([{ start: 7, applied: 7 }]);
    await expect(sources.acquire(3, [5, 1])).rejects.toEqual(refused('FENCED', { generation: 4 }));
    await expect(sources.acquire(5, [5, 1, 2], 0, 'another log')).rejects.toEqual(refused('SOURCE_LOST'));
    const { partitions } = await sources.describe();
    expect(partitions.map(({ partition, generation }) => [partition, generation])).toEqual([
      [1, 4],
      [5, 3],
    ]);
    expect(await sources.acquire(1, [])).toEqual({ partitions: [] });
    for (const wrong of [
      sources.acquire(0, [1]),
      sources.acquire(9, [1, 1]),
      sources.acquire(9, [1], 0, ''),
    ]) {
      await expect(wrong).rejects.toEqual(refused('INVALID_ARGUMENT'));
    }
  });
});

describe('reset', () => {
  it('forgets the partitions it names, or all, and says what', async () => {
    const { sources, pusher } = await newGroup([0, 1, 2]);
    await pusher.push(sources.range(1, 0, 3));
    expect((await sources.reset([1, 7])).partitions).toMatchObject([{ partition: 1, applied: 3 }]);
    await expect(pusher.push(sources.range(1, 3, 4))).rejects.toEqual(refused('FENCED'));
    expect((await sources.acquire(1, [1], 50)).partitions).toMatchObject([{ start: 50, applied: 50 }]);
    expect((await sources.reset()).partitions.map(({ partition }) => partition)).toEqual([0, 1, 2]);
    expect((await sources.describe()).partitions).toEqual([]);
    expect(await sources.reset()).toEqual({ partitions: [] });
  });
});

describe('while the disk refuses', () => {
  it('pushes and acquisitions that were not written leave the offsets as they were, and go through later', async () => {
    const { sources, pusher, row } = await newGroup();
    await pusher.push(sources.range(0, 0, 1));
    const { counters } = server.shard;
    const before = counters.storageFailures;
    disk.failure = new Error('no space');
    const stream = client.pushStream();
    const frames = [1, 2, 3].map((from) => pusher.request([sources.range(0, from, from + 1)]));
    stream.send(frames[0]!);
    while (counters.storageFailures === before) await new Promise((resolve) => setImmediate(resolve));
    // The first may be on the disk: it stays. What is behind it was never written.
    for (const frame of frames.slice(1)) stream.send(frame);
    const acquired = sources.acquire(2, [0]).catch((error: unknown) => WeirError.from(error).code);
    const codes: unknown[] = [];
    while (codes.length < 2) codes.push(...codesOf([(await stream.next())!]));
    expect([...codes, await acquired]).toEqual(Array(3).fill('STORAGE_FAILED'));
    disk.failure = undefined;
    await settled(stream, 2);
    for (const frame of frames.slice(1)) stream.send(frame);
    expect(codesOf(await settled(stream, 4))).toEqual([]);
    stream.cancel();
    expect(await sources.applied()).toEqual([4]);
    expect(await row()).toBe(4);
    expect((await sources.describe()).partitions[0]!.generation).toBe(1);
  });

  it('acquire at durability memory says so, and is marked when it is called again', async () => {
    const inner = openMemoryStore({ families: FAMILIES });
    const faulty = new FaultyStore(inner);
    await using shard = await startTestShard({ store: faulty.store, durability: 'memory' });
    const { sources } = await newGroup([], shard);
    faulty.failure = new Error('no space');
    await expect(sources.acquire(1, [0])).rejects.toEqual(refused('STORAGE_FAILED'));
    faulty.failure = undefined;
    await sources.acquire(1, [0]);
    await using again = await startTestShard({ store: inner, durability: 'memory' });
    expect(again.shard.sources.size).toBe(1);
    expect([...again.shard.sources.list()]).toMatchObject([{ partition: 0, generation: 1, lost: true }]);
    sources.close();
  });
});
