import { bytesOf, floatsFromBytes, keysFromBytes, slotOf, unpackKeys } from '@weir/proto';
import type { Cursor, Delta, SubscribeRequest } from '@weir/proto/v1/parameter_server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestShard, type TestShard } from '../../testing/in-process.ts';
import { pushPart, pushRequest, type RawClient, sumTable } from '../../testing/raw-client.ts';

let server: TestShard;
let client: RawClient;
beforeAll(async () => {
  server = await startTestShard();
  client = server.client;
});
afterAll(() => server.stop());

const request = (tableUid: string, more: Partial<SubscribeRequest> = {}): SubscribeRequest => ({
  tableUid,
  slots: new Uint8Array(0),
  cursor: undefined,
  intervalMs: 5,
  ...more,
});

/** A subscriber's copy of a table of dim 1. */
class Replica {
  readonly rows = new Map<bigint, number>();
  cursor: Cursor | undefined;
  snapshots = 0;
  origins: number[] = [];

  apply(delta: Delta): void {
    if (delta.snapshotStart) {
      this.rows.clear();
      this.snapshots++;
    }
    const weights = floatsFromBytes(delta.weights);
    for (const [i, key] of unpackKeys(keysFromBytes(delta.keys)).entries()) this.rows.set(key, weights[i]!);
    if (delta.upTo === undefined) return;
    this.cursor = delta.upTo;
    this.origins.push(delta.originTimeMs);
  }

  async follow(deltas: AsyncGenerator<Delta>, seq: number): Promise<void> {
    while ((this.cursor?.seq ?? -1) < seq) this.apply((await deltas.next()).value as Delta);
  }
}

async function newTable(name: string): Promise<(keys: bigint[], originTimeMs?: number) => Promise<number>> {
  await client.create(sumTable(name, 1));
  return async (keys, originTimeMs = 0) => {
    const part = pushPart(
      `uid-${name}`,
      keys,
      keys.map(() => 1),
    );
    return (await client.push(pushRequest(0, [part], { originTimeMs }))).seq;
  };
}

describe('a subscriber', () => {
  it('gets a snapshot, at once also of an empty table, then what changes', async () => {
    const push = await newTable('plain');
    const replica = new Replica();
    const deltas = client.subscribe(request('uid-plain'));
    const first = (await deltas.next()).value as Delta;
    expect(first).toMatchObject({ snapshot: true, snapshotStart: true, upTo: { shard: 'shard-0' } });
    expect(first.keys.byteLength).toBe(0);
    replica.apply(first);
    await push([1n, 2n]);
    await replica.follow(deltas, await push([2n, 3n]));
    expect(Object.fromEntries(replica.rows)).toEqual({ 1: 1, 2: 2, 3: 1 });
    expect(replica.snapshots).toBe(1);
    await deltas.return(undefined);
  });

  it('equals the shard at rest, though pushes come during its snapshot of many messages', async () => {
    const push = await newTable('busy');
    const all = Array.from({ length: 60_000 }, (_, i) => BigInt(i));
    await push(all);
    const replica = new Replica();
    const deltas = client.subscribe(request('uid-busy'));
    let messages = 0;
    let last = 0;
    while (replica.cursor === undefined) {
      replica.apply((await deltas.next()).value as Delta);
      messages++;
      last = await push(all.slice(messages * 100, messages * 100 + 5000));
    }
    expect(messages).toBeGreaterThan(1);
    await replica.follow(deltas, last);
    const keys = [...replica.rows.keys()];
    expect(keys.length).toBe(all.length);
    expect(bytesOf(Float32Array.from(replica.rows.values()))).toEqual(
      bytesOf(await client.rows('uid-busy', keys)),
    );
    await deltas.return(undefined);
  });

  it('goes on at its cursor within the incarnation of the log, and else gets a snapshot', async () => {
    const push = await newTable('cursor');
    await push([1n]);
    const replica = new Replica();
    const first = client.subscribe(request('uid-cursor'));
    await replica.follow(first, 1);
    await first.return(undefined);
    const seq = await push([2n]);
    const cursor = replica.cursor!;

    const second = client.subscribe(request('uid-cursor', { cursor }));
    const delta = (await second.next()).value as Delta;
    expect(delta).toMatchObject({ snapshot: false, upTo: { seq } });
    expect([...unpackKeys(keysFromBytes(delta.keys))]).toEqual([2n]);
    await second.return(undefined);

    for (const other of [
      { ...cursor, logIncarnation: 'another' },
      { ...cursor, shard: 'shard-9' },
      { ...cursor, tableUid: 'uid-plain' },
      { ...cursor, seq: seq + 1000 },
    ]) {
      const deltas = client.subscribe(request('uid-cursor', { cursor: other }));
      expect((await deltas.next()).value).toMatchObject({ snapshotStart: true });
      await deltas.return(undefined);
    }
  });

  it('learns the oldest known origin of what a delta covers', async () => {
    const push = await newTable('origin');
    await push([1n], 900);
    const replica = new Replica();
    const deltas = client.subscribe(request('uid-origin'));
    await replica.follow(deltas, 0);
    await push([1n], 2000);
    await push([2n], 1500);
    await push([3n], 0);
    await replica.follow(deltas, await push([3n], 1800));
    // However the pushes fell into deltas: nothing of the snapshot's, and the oldest of the rest.
    expect(replica.origins[0]).toBe(0);
    expect(Math.min(...replica.origins.filter((time) => time > 0))).toBe(1500);
    await replica.follow(deltas, await push([1n], 1900));
    expect(replica.origins.at(-1)).toBe(1900);
    await deltas.return(undefined);
  });

  it('gets only the slots that it asks for', async () => {
    const push = await newTable('slots');
    const keys = Array.from({ length: 200 }, (_, i) => BigInt(i));
    const seq = await push(keys);
    const slot = slotOf(17, 0);
    const slots = bytesOf(Uint16Array.of(slot));
    const replica = new Replica();
    const deltas = client.subscribe(request('uid-slots', { slots }));
    await replica.follow(deltas, seq);
    expect([...replica.rows.keys()].sort()).toEqual(
      keys.filter((key) => slotOf(Number(key), 0) === slot).sort(),
    );
    await deltas.return(undefined);
  });

  it('is refused for an unknown table, a slot that does not exist, too long an interval', async () => {
    const refusal = (more: Partial<SubscribeRequest>) =>
      client
        .subscribe(request('uid-plain', more))
        .next()
        .catch((error: unknown) => error);
    expect(await refusal({ tableUid: 'nope' })).toMatchObject({ code: 'TABLE_NOT_FOUND' });
    expect(await refusal({ slots: bytesOf(Uint16Array.of(1024)) })).toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(await refusal({ slots: new Uint8Array(3) })).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await refusal({ intervalMs: 1_000_000 })).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('is told when its table is dropped, and is counted while it is there', async () => {
    await newTable('dropped');
    const subscribers = async (count: number) => {
      while ((await client.describe()).subscribers !== count);
    };
    await subscribers(0);
    const deltas = client.subscribe(request('uid-dropped'));
    await deltas.next();
    await subscribers(1);
    const next = deltas.next().catch((error: unknown) => error);
    await client.drop('uid-dropped');
    expect(await next).toMatchObject({ code: 'TABLE_NOT_FOUND' });
    await subscribers(0);
  });
});

describe('a subscriber of a table that keeps few rows in memory', () => {
  it('equals the table at rest, from a snapshot and from deltas, while rows leave and come', async () => {
    await client.create({ ...sumTable('few', 1), memoryRowsMax: 20 });
    const expected = new Map<bigint, number>();
    const push = async (keys: bigint[]) => {
      for (const key of keys) expected.set(key, (expected.get(key) ?? 0) + 1);
      const part = pushPart(
        'uid-few',
        keys,
        keys.map(() => 1),
      );
      return (await client.push(pushRequest(0, [part]))).seq;
    };
    const some = (round: number) =>
      Array.from({ length: 15 }, (_, i) => BigInt((round * 37 + i * i * 11) % 200));
    let seq = 0;
    for (let round = 0; round < 20; round++) seq = await push([...new Set(some(round))]);
    const replicas = [new Replica()];
    const streams = [client.subscribe(request('uid-few'))];
    await replicas[0]!.follow(streams[0]!, seq);
    expect(replicas[0]!.rows).toEqual(expected);
    for (let round = 20; round < 60; round++) {
      seq = await push([...new Set(some(round))]);
      if (round === 40) {
        replicas.push(new Replica());
        streams.push(client.subscribe(request('uid-few')));
      }
      if (round % 7 === 0) await replicas[0]!.follow(streams[0]!, seq);
    }
    for (const [i, replica] of replicas.entries()) {
      await replica.follow(streams[i]!, seq);
      expect(replica.rows).toEqual(expected);
      expect(replica.snapshots).toBe(1);
    }
    const { rows } = server.shard.tables.get('uid-few')!;
    expect(rows.rows).toBeLessThan(expected.size / 2);
    for (const stream of streams) await stream.return(undefined);
  });
});
