import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesOf, packKeys } from '@weir/proto';
import { OptimizerKind, type TableSpec } from '@weir/proto/v1/tables';
import { type Entry, openMemoryStore, openRocksStore, type Store } from '@weir/store';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeLogRecord } from '../../core/log-record.ts';
import { FOLDER_FORMAT_VERSION } from '../../core/shard-identity.ts';
import type { RowTable } from '../../kernel/row-table.ts';
import { createRowTable } from '../../kernel-wasm/load-kernel.ts';
import { FaultyStore } from '../../testing/faulty-store.ts';
import { ONE_SHARD, openTestShardOnly, TWO_SHARDS } from '../../testing/in-process.ts';
import { keyBytes, sumTable, tableSpec } from '../../testing/raw-client.ts';
import {
  FAMILIES,
  fromJson,
  IDENTITY_KEY,
  LOG,
  META,
  PAGES,
  STORE_OPTIONS,
  seqKey,
  toJson,
} from '../folder/families.ts';
import { openFolder } from '../folder/open-folder.ts';
import type { WholePush } from '../push/frames.ts';
import type { PushOutcome } from '../push/push-outcome.ts';
import type { Shard } from '../shard.ts';

const SPECS: readonly TableSpec[] = [
  tableSpec('adagrad', 3, { kind: OptimizerKind.ADAGRAD, learningRate: 0.1, initialAccumulator: 0.01 }),
  tableSpec('adam', 2, {
    kind: OptimizerKind.ADAM,
    learningRate: 0.01,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
  }),
  tableSpec('ftrl', 1, { kind: OptimizerKind.FTRL, learningRate: 0.1, ftrlBeta: 1, l1: 0.1, l2: 0.1 }),
];

interface Push {
  readonly table: number;
  readonly keys: readonly number[];
  readonly value: number;
}

function wholePush(number: number, push: Push): WholePush {
  const spec = SPECS[push.table]!;
  const keys = push.keys.map(BigInt);
  const values = valuesOf(push);
  return {
    number,
    originTimeMs: 0,
    sources: [],
    parts: [{ tableUid: spec.uid, keys: keyBytes(keys), values: bytesOf(values), encoding: 1 }],
    bytes: 0,
    error: undefined,
  };
}

function valuesOf({ table, keys, value }: Push): Float32Array {
  const { dim } = SPECS[table]!;
  return Float32Array.from({ length: keys.length * dim }, (_, i) => Math.sin(value + i));
}

const CLIENT = { id: 'client', incarnation: 'only' };

function submit(shard: Shard, push: WholePush): Promise<PushOutcome> {
  return new Promise((resolve) => shard.pipeline.submit(CLIENT, push, resolve));
}

/** All bytes of a table's pages: keys, seqs, weights and optimizer state. */
function contents(table: RowTable): Map<string, Uint8Array> {
  const pages = new Map<string, Uint8Array>();
  for (const id of table.pages(0)) pages.set(`${id.stripe}/${id.page}`, table.readPage(id));
  return pages;
}

const push = fc.record({
  kind: fc.constant('push' as const),
  table: fc.nat(SPECS.length - 1),
  keys: fc.array(fc.nat(40), { minLength: 1, maxLength: 12 }),
  value: fc.nat(1000),
});
const step = fc.oneof(
  { weight: 8, arbitrary: push },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('round' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('crash in a round' as const), writes: fc.nat(3) }),
  },
);

describe('recovery', () => {
  it('gives every row back bit for bit, whatever rounds and crashes came between', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const inner = openMemoryStore({ families: FAMILIES });
        let disk = new FaultyStore(inner);
        let shard = await openTestShardOnly({ store: disk.store });
        const reference = SPECS.map(createRowTable);
        for (const spec of SPECS) await shard.tableAdmin.create(spec);
        const reopen = async () => {
          disk.writesLeft = 0;
          disk = new FaultyStore(inner);
          shard = await openTestShardOnly({ store: disk.store });
        };
        let number = 0;
        for (const one of steps) {
          if (one.kind === 'push') {
            const outcome = await submit(shard, wholePush(++number, one));
            expect(outcome).toMatchObject({ kind: 'settled', refusal: undefined });
            const keys = packKeys(BigUint64Array.from(one.keys.map(BigInt)));
            const seq = (outcome as { seq: number }).seq;
            reference[one.table]!.push(keys, valuesOf(one), seq);
          } else if (one.kind === 'round') await shard.materialiser.round();
          else {
            if (one.kind === 'crash in a round') {
              disk.writesLeft = one.writes;
              await shard.materialiser.round().catch(() => undefined);
            }
            await reopen();
          }
        }
        await reopen();
        for (const [i, spec] of SPECS.entries()) {
          expect(contents(shard.tables.get(spec.uid)!.rows)).toEqual(contents(reference[i]!));
        }
        expect(shard.numbers.last(CLIENT)).toBe(number);
        expect((await submit(shard, wholePush(number + 1, { table: 0, keys: [1], value: 1 }))).kind).toBe(
          'settled',
        );
      }),
      { numRuns: 40 },
    );
  });

  it('remembers which numbers were refused, also after their records are materialised', async () => {
    const store = openMemoryStore({ families: FAMILIES });
    const shard = await openTestShardOnly({ store });
    await shard.tableAdmin.create(SPECS[2]!);
    const good = { table: 2, keys: [1], value: 1 };
    const outcome = await submit(shard, { ...wholePush(1, good), originTimeMs: -1 });
    expect(outcome).toMatchObject({ refusal: { code: 'INVALID_ARGUMENT' } });
    await shard.materialiser.round();
    const again = await openTestShardOnly({ store });
    expect(await submit(again, wholePush(1, good))).toMatchObject({ refusal: { code: 'INVALID_ARGUMENT' } });
  });

  it('skips and counts records of dropped tables, and frees their folder space with the next round', async () => {
    const store = openMemoryStore({ families: FAMILIES });
    const shard = await openTestShardOnly({ store });
    for (const spec of SPECS) await shard.tableAdmin.create(spec);
    await submit(shard, wholePush(1, { table: 0, keys: [1], value: 1 }));
    await submit(shard, wholePush(2, { table: 1, keys: [1], value: 1 }));
    await shard.materialiser.round();
    expect((await entries(store, PAGES)).length).toBe(2);
    await submit(shard, wholePush(3, { table: 0, keys: [1], value: 1 }));
    await shard.tableAdmin.drop(SPECS[0]!.uid);
    const again = await openTestShardOnly({ store });
    expect(again.counters.skippedRecords).toBe(1);
    expect(again.tables.list().map(({ spec }) => spec.name)).toEqual(['default/adam', 'default/ftrl']);
    await again.materialiser.round();
    expect((await entries(store, PAGES)).length).toBe(1);
    expect((await entries(store, LOG)).length).toBe(0);
    const last = await openTestShardOnly({ store });
    expect(last.tables.get(SPECS[1]!.uid)?.rows.rows).toBe(1);
    expect((await last.tableAdmin.create(SPECS[0]!)).created).toBe(true);
    expect(last.tables.get(SPECS[0]!.uid)?.rows.rows).toBe(0);
  });

  it('opens after a round between a drop and a push that waited behind it', async () => {
    const inner = openMemoryStore({ families: FAMILIES });
    const disk = new FaultyStore(inner);
    const shard = await openTestShardOnly({ store: disk.store });
    await shard.tableAdmin.create(SPECS[0]!);
    disk.hold();
    const dropped = shard.tableAdmin.drop(SPECS[0]!.uid);
    while (disk.writes < 4) await new Promise((resolve) => setImmediate(resolve));
    // Valid when it comes; its record follows that of the drop, whose write is under way.
    const pushed = submit(shard, wholePush(1, { table: 0, keys: [1], value: 1 }));
    disk.release();
    disk.hold();
    expect(await dropped).toEqual({ dropped: true });
    const round = shard.materialiser.round();
    disk.release();
    expect(await pushed).toMatchObject({ kind: 'settled', refusal: undefined });
    await round;
    const again = await openTestShardOnly({ store: inner });
    expect(again.tables.size).toBe(0);
    await again.materialiser.round();
    const created = await again.tableAdmin.create(SPECS[0]!);
    expect(created.created).toBe(true);
  });

  it('with durability memory starts empty, in a new incarnation, and stores no rows', async () => {
    const store = openMemoryStore({ families: FAMILIES });
    const shard = await openTestShardOnly({ store, durability: 'memory' });
    await shard.tableAdmin.create(SPECS[0]!);
    await submit(shard, wholePush(1, { table: 0, keys: [1], value: 1 }));
    expect(shard.tables.get(SPECS[0]!.uid)?.rows.rows).toBe(1);
    const again = await openTestShardOnly({ store, durability: 'memory' });
    expect(again.tables.size).toBe(0);
    expect(again.logIncarnation).not.toBe(shard.logIncarnation);
  });
});

async function entries(store: Store, family: string): Promise<Entry[]> {
  const all: Entry[] = [];
  for await (const entry of store.range(family)) all.push(entry);
  return all;
}

describe('a folder on disk', () => {
  let dir: string;
  let store: Store;
  let closed: boolean;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'weir-recover-'));
    store = await openFolder(join(dir, 'data'));
    closed = false;
    const shard = await openTestShardOnly({ store });
    await shard.tableAdmin.create(sumTable('sum', 1));
    for (let number = 1; number <= 5; number++) {
      const part = { tableUid: 'uid-sum', keys: keyBytes([1n]), values: bytesOf(new Float32Array([1])) };
      const outcome = await submit(shard, {
        ...wholePush(number, { table: 0, keys: [], value: 0 }),
        parts: [{ ...part, encoding: 1 }],
      });
      expect(outcome).toMatchObject({ refusal: undefined });
    }
    await shard.stop();
  });
  afterEach(async () => {
    if (!closed) await store.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('opens again with what was acknowledged, and not twice at a time', async () => {
    await expect(openFolder(join(dir, 'data'))).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining('in use'),
    });
    await store.close();
    closed = true;
    const again = await openRocksStore(join(dir, 'data'), STORE_OPTIONS);
    const shard = await openTestShardOnly({ store: again });
    const out = new Float32Array(1);
    shard.tables.get('uid-sum')!.rows.pull(packKeys(new BigUint64Array([1n])), out);
    expect(out[0]).toBe(5);
    await again.close();
  });

  it('with one flipped bit in a record is refused as CORRUPT, naming the record', async () => {
    const record = (await store.get(LOG, seqKey(4)))!.slice();
    record[record.length - 2]! ^= 0b100;
    await store.write(store.batch().put(LOG, seqKey(4), record));
    await expect(openTestShardOnly({ store })).rejects.toMatchObject({
      code: 'CORRUPT',
      message: 'log record 4: the checksum does not match',
    });
  });

  it('with a record missing, or one put in the place of another, is refused as CORRUPT', async () => {
    const record = (await store.get(LOG, seqKey(3)))!;
    await store.write(store.batch().delete(LOG, seqKey(3)));
    await expect(openTestShardOnly({ store })).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining('record 3'),
    });
    await store.write(store.batch().put(LOG, seqKey(3), (await store.get(LOG, seqKey(2)))!));
    await expect(openTestShardOnly({ store })).rejects.toMatchObject({ code: 'CORRUPT' });
    await store.write(store.batch().put(LOG, seqKey(3), record).delete(LOG, seqKey(1)));
    await expect(openTestShardOnly({ store })).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('with a push to a table that nobody created is refused as CORRUPT', async () => {
    const keys = new Uint32Array(2);
    const parts = [{ tableUid: 'nobody', keys, values: new Float32Array(1), counted: keys.subarray(0, 0) }];
    const client = { id: 'c', incarnation: 'i', number: 1 };
    const record = encodeLogRecord({
      kind: 'push',
      seq: 7,
      client,
      clockMs: 0,
      originTimeMs: 0,
      sources: [],
      parts,
    });
    await store.write(store.batch().put(LOG, seqKey(7), record));
    await expect(openTestShardOnly({ store })).rejects.toMatchObject({ code: 'CORRUPT', table: 'nobody' });
  });

  it('with a flipped bit in a page, or a page missing, is refused as CORRUPT', async () => {
    const shard = await openTestShardOnly({ store });
    await shard.materialiser.round();
    await shard.stop();
    expect((await entries(store, LOG)).length).toBe(0);
    const [entry] = await entries(store, PAGES);
    const page = entry!.value.slice();
    page[page.length - 1]! ^= 1;
    await store.write(store.batch().put(PAGES, entry!.key, page));
    await expect(openTestShardOnly({ store })).rejects.toMatchObject({ code: 'CORRUPT' });
    await store.write(store.batch().delete(PAGES, entry!.key));
    await expect(openTestShardOnly({ store })).rejects.toMatchObject({
      code: 'CORRUPT',
      table: 'default/sum',
      message: expect.stringContaining('0 pages of at least 1'),
    });
  });

  it('of another shard is refused', async () => {
    const opening = openTestShardOnly({ store, topology: TWO_SHARDS, id: 'shard-1' });
    await expect(opening).rejects.toMatchObject({
      code: 'CONFIGURATION',
      shard: 'shard-1',
      message: expect.stringContaining('belongs to shard shard-0, not to shard-1'),
    });
  });

  it.each([
    ['another set of shards at the same epoch', TWO_SHARDS],
    ['another set of shards at a higher epoch', { ...TWO_SHARDS, epoch: 2 }],
  ])('is refused under %s', async (_what, topology) => {
    await expect(openTestShardOnly({ store, topology })).rejects.toMatchObject({ code: 'CONFIGURATION' });
  });

  it('is refused at a lower epoch than it has served', async () => {
    await (await openTestShardOnly({ store, topology: { ...ONE_SHARD, epoch: 3 } })).stop();
    const opening = openTestShardOnly({ store, topology: { ...ONE_SHARD, epoch: 2 } });
    await expect(opening).rejects.toMatchObject({ code: 'CONFIGURATION' });
  });

  it('of a newer format is refused', async () => {
    const identity = fromJson((await store.get(META, IDENTITY_KEY))!) as object;
    const newer = toJson({ ...identity, formatVersion: FOLDER_FORMAT_VERSION + 1 });
    await store.write(store.batch().put(META, IDENTITY_KEY, newer));
    await expect(openTestShardOnly({ store })).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining('newer'),
    });
  });

  it('that holds rows is refused under durability memory, which would hide them', async () => {
    await expect(openTestShardOnly({ store, durability: 'memory' })).rejects.toMatchObject({
      code: 'CONFIGURATION',
    });
  });
});
