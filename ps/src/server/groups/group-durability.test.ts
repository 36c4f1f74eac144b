// What a group keeps over restarts, damage and a disk that refuses; what a shard does not take.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { slotOfName, WeirError } from '@weir/proto';
import {
  type GroupMembership,
  GroupPartType,
  GroupReduce,
  type GroupResultChunk,
  GroupsClient,
  type SyncStart,
} from '@weir/proto/v1/groups';
import { type Entry, openMemoryStore, type Store } from '@weir/store';
import { afterEach, describe, expect, it } from 'vitest';
import { ownershipOf, routingTableOf } from '../../core/routing.ts';
import { FaultyStore } from '../../testing/faulty-store.ts';
import { startTestShard, type TestShard, TWO_SHARDS } from '../../testing/in-process.ts';
import { openFolder } from '../folder/open-folder.ts';
import { verifyFolder } from '../folder/verify-folder.ts';
import { GROUP_FAMILIES, openGroupFolder } from './group-store.ts';

const open: { stop(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.stop();
});

async function shardOn(groupStore: Store, more = {}): Promise<{ shard: TestShard; client: GroupsClient }> {
  const shard = await startTestShard({ groupStore, ...more });
  const client = new GroupsClient(shard.address, credentials.createInsecure());
  open.push(shard, { stop: () => client.close() });
  return { shard, client };
}

const memory = () => openMemoryStore({ families: GROUP_FAMILIES });
const A = { name: 'a', incarnation: 'a1' };
const B = { name: 'b', incarnation: 'b1' };

function join(
  client: GroupsClient,
  member: typeof A,
  group = 'g',
  leaseMs = 60_000,
): Promise<GroupMembership> {
  return new Promise((resolve, reject) => {
    client.join({ group, member, leaseMs }, (error, response) =>
      error === null ? resolve(response) : reject(WeirError.from(error)),
    );
  });
}

interface Sync extends Partial<SyncStart> {
  readonly data?: Uint8Array;
}

function sync(client: GroupsClient, member: typeof A, { data, ...more }: Sync = {}): Promise<string> {
  const call = client.sync();
  const start = { group: 'g', member, generation: 1, step: 1, timeoutMs: 2_000, parts: [], ...more };
  call.write({ start, data: data ?? new Uint8Array(0) });
  call.end();
  return new Promise((resolve, reject) => {
    const chunks: GroupResultChunk[] = [];
    call.on('data', (chunk: GroupResultChunk) => chunks.push(chunk));
    call.on('error', (error) => reject(WeirError.from(error)));
    call.on('end', () => {
      // After an error too.
      const { step, generation } = chunks[0]?.result ?? { step: 0, generation: 0 };
      const bytes = Buffer.concat(chunks.map((chunk) => chunk.data)).toString('hex');
      resolve(`${generation}/${step}/${bytes}`);
    });
  });
}

const text = (value: string) => ({
  parts: [
    { name: 'text', type: GroupPartType.BYTES, reduce: GroupReduce.CONCAT, bytes: Buffer.byteLength(value) },
  ],
  data: Buffer.from(value),
});

describe('a group on its shard', () => {
  it('keeps generation, members, steps and results over a restart, and asks for contributions again', async () => {
    const store = memory();
    const before = await shardOn(store);
    await join(before.client, A);
    expect(await sync(before.client, A, text('first'))).toBe(`1/1/${hex('first')}`);
    expect(await join(before.client, B)).toMatchObject({ generation: 2, members: ['a', 'b'], nextStep: 2 });
    const lost = sync(before.client, A, { ...text('lost'), step: 2, generation: 2 });
    lost.catch(() => undefined);
    await before.shard.stop();

    const { client } = await shardOn(store);
    // A repeat of the join, as after a lost answer, changes nothing.
    expect(await join(client, B)).toMatchObject({ generation: 2, members: ['a', 'b'], nextStep: 2 });
    const [one, two] = await Promise.all([
      sync(client, A, { ...text('again '), step: 2, generation: 2 }),
      sync(client, B, { ...text('too'), step: 2, generation: 2 }),
    ]);
    expect([one, two]).toEqual([`2/2/${hex('again too')}`, one]);
    expect(await sync(client, A)).toBe(`1/1/${hex('first')}`);
    await expect(sync(client, B)).rejects.toMatchObject({ code: 'STEP_EXPIRED' });
  });

  it('answers nobody while the disk refuses, and goes on when it takes writes again', async () => {
    const disk = new FaultyStore(memory());
    const { client } = await shardOn(disk.store);
    await join(client, A);
    disk.failure = new Error('no space');
    await expect(sync(client, A, { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'BARRIER_TIMEOUT',
      message: /the disk has not taken it/,
    });
    disk.failure = undefined;
    expect(await sync(client, A)).toBe('1/1/');
  });

  it('refuses to open when a stored result is missing or damaged', async () => {
    const store = memory();
    const before = await shardOn(store);
    await join(before.client, A);
    await sync(before.client, A, text('x'));
    await before.shard.stop();
    const heads: Entry[] = [];
    for await (const entry of store.range('heads')) heads.push(entry);
    const [head] = heads;
    await store.write(
      store.batch().put(
        'heads',
        head!.key,
        head!.value.map((byte) => byte ^ 1),
      ),
    );
    await expect(startTestShard({ groupStore: store })).rejects.toMatchObject({ code: 'CORRUPT' });
    await store.write(store.batch().delete('heads', head!.key));
    await expect(startTestShard({ groupStore: store })).rejects.toMatchObject({
      code: 'CORRUPT',
      message: /step 1 is missing/,
    });
  });

  it('is checked by verify, which names what is damaged', async () => {
    const folder = await mkdtemp(joinPath(tmpdir(), 'weir-groups-'));
    open.push({ stop: () => rm(folder, { recursive: true, force: true }) });
    const rows = await openFolder(folder);
    const store = await openGroupFolder(folder);
    const { client, shard } = await shardOn(store, { store: rows });
    await join(client, A);
    await sync(client, A, text('of use'));
    await shard.stop();
    await Promise.all([rows.close(), store.close()]);
    expect(await verifyFolder(folder)).toMatchObject({ problemCount: 0 });
    const again = await openGroupFolder(folder);
    for await (const { key } of again.range('results')) {
      await again.write(again.batch().put('results', key, Buffer.from('of no use')));
    }
    await again.close();
    expect((await verifyFolder(folder)).problems).toEqual([
      { where: 'group g', what: expect.stringMatching(/piece 0 of the result of step 1 does not match/) },
    ]);
  });

  it('waits for the disk at every durability of rows', async () => {
    for (const durability of ['memory', 'process', 'machine'] as const) {
      const inner = memory();
      let synced: (() => void) | undefined;
      const held = () =>
        new Promise<void>((resolve) => {
          synced = resolve;
        });
      const { client } = await shardOn({ ...storeOf(inner), sync: held }, { durability });
      let joined = false;
      const joining = join(client, A).then(() => {
        joined = true;
      });
      while (synced === undefined) await new Promise(setImmediate);
      expect(joined).toBe(false);
      synced();
      await joining;
    }
  });

  it('is refused by a shard that does not own the slot of its name', async () => {
    const { slots } = ownershipOf(routingTableOf(TWO_SHARDS), 'shard-0');
    const names = Array.from({ length: 20 }, (_, i) => `group-${i}`);
    const foreign = names.find((name) => slots[slotOfName(name)] === 0)!;
    const { client } = await shardOn(memory(), { topology: TWO_SHARDS });
    await expect(join(client, A, foreign)).rejects.toMatchObject({
      code: 'NOT_OWNER',
      epoch: 1,
      shard: 'shard-0',
    });
  });

  it('refuses announcements that are wrong, and bytes that are not those announced', async () => {
    const { client } = await shardOn(memory());
    await join(client, A);
    const refused = (what: Sync) => expect(sync(client, A, what)).rejects;
    const [part] = text('abc').parts;
    await refused({ parts: [part!, part!] }).toMatchObject({ message: /stands twice/ });
    await refused({ parts: [{ ...part!, reduce: GroupReduce.SUM }] }).toMatchObject({ message: /cannot be/ });
    await refused({ parts: [{ ...part!, bytes: 2 ** 27 }] }).toMatchObject({ message: /at most/ });
    await refused({ ...text('abc'), data: Buffer.from('abcd') }).toMatchObject({ message: /more than/ });
    await refused({ ...text('abc'), data: Buffer.from('ab') }).toMatchObject({ message: /fewer/ });
    await expect(join(client, { name: '', incarnation: 'x' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(join(client, B, 'g', 5)).rejects.toMatchObject({ message: /lease_ms/ });
    await expect(sync(client, B)).rejects.toMatchObject({ code: 'FENCED' });
    expect(await sync(client, A)).toBe('1/1/');
  });

  it('takes no more bytes than it has room for', async () => {
    const { client } = await shardOn(memory());
    // 20 members with 64 MiB each are more than a shard holds.
    for (let i = 0; i < 20; i++) await join(client, { name: `m${i}`, incarnation: `m${i}` });
    const large = { ...text('x').parts[0]!, bytes: 2 ** 26 };
    await expect(
      sync(client, { name: 'm0', incarnation: 'm0' }, { generation: 20, parts: [large] }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: /more than a shard holds/ });
  });
});

/** Its methods as functions of their own. */
function storeOf(store: Store): Store {
  return new FaultyStore(store).store;
}

function hex(value: string): string {
  return Buffer.from(value).toString('hex');
}
