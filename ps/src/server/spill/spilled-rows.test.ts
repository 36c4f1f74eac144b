// A table that keeps few of its rows in memory against one that keeps all: nobody can tell them apart.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { bytesOf, KEY_BYTES, packKeys, unpackKeys, WeirError } from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import { PullResponse } from '@weir/proto/v1/parameter_server';
import { InitializerKind, OptimizerKind, type TableSpec } from '@weir/proto/v1/tables';
import { openMemoryStore, type Store } from '@weir/store';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLogRecord } from '../../core/log-record.ts';
import type { RowTable } from '../../kernel/row-table.ts';
import { createRowTable } from '../../kernel-wasm/load-kernel.ts';
import { ROWS_OVER_MAX } from '../../limits.ts';
import { FaultyStore } from '../../testing/faulty-store.ts';
import { openTestShardOnly } from '../../testing/in-process.ts';
import { keyBytes, tableSpec } from '../../testing/raw-client.ts';
import { FAMILIES, ROWS, rowKeys } from '../folder/families.ts';
import { openFolder } from '../folder/open-folder.ts';
import { AnswerMemory } from '../pull/answer-memory.ts';
import { answerPull } from '../pull/pull.ts';
import type { PushOutcome } from '../push/push-outcome.ts';
import type { Shard } from '../shard.ts';
import { staleStoredRows } from './stale-rows.ts';
import { takeInAll } from './take-in.ts';

const OPTIMIZER = { kind: OptimizerKind.ADAGRAD, learningRate: 0.1, initialAccumulator: 0.01 };
const INITIALIZER = { kind: InitializerKind.UNIFORM, low: -1, high: 1 };
const CLIENT = { id: 'client', incarnation: 'only' };
const DIM = 3;
const KEYS = 60;

function spec(name: string, memoryRowsMax: number): TableSpec {
  return { ...tableSpec(name, DIM, OPTIMIZER, INITIALIZER), memoryRowsMax };
}

const packed = (keys: readonly number[]) => packKeys(BigUint64Array.from(keys.map(BigInt)));

/** Pushes the same keys to all of these tables, as one push. */
async function push(
  shard: Shard,
  specs: readonly TableSpec[],
  number: number,
  keys: readonly number[],
  value: number,
): Promise<number> {
  const values = valuesOf(keys, value);
  const parts = specs.map(({ uid }) => {
    return {
      tableUid: uid,
      keys: keyBytes(keys.map(BigInt)),
      values: bytesOf(values),
      encoding: ValueEncoding.F32,
    };
  });
  const whole = { number, originTimeMs: 0, sources: [], parts, bytes: 0, error: undefined };
  const outcome = await new Promise<PushOutcome>((settle) => shard.pipeline.submit(CLIENT, whole, settle));
  expect(outcome).toMatchObject({ kind: 'settled', refusal: undefined });
  return (outcome as { seq: number }).seq;
}

function valuesOf(keys: readonly number[], value: number): Float32Array {
  return Float32Array.from({ length: keys.length * DIM }, (_, i) => Math.sin(value + i));
}

function remove(shard: Shard, { uid }: TableSpec, keys: readonly number[]): Promise<number> {
  const record = { kind: 'remove', tableUid: uid, reason: 'expired', keys: packed(keys) } as const;
  const upToSeq = shard.log.submittedSeq;
  return new Promise((resolve, reject) => {
    shard.log.submit({
      bytes: 0,
      encode: (seq) => encodeLogRecord({ ...record, seq, upToSeq }),
      ready: () => takeInAll([record], shard.tables),
      apply: (seq) => {
        shard.tables.get(uid)!.remove({ ...record, seq, upToSeq });
        resolve(seq);
      },
      refuse: reject,
    });
  });
}

async function pull(shard: Shard, { uid }: TableSpec, keys: readonly number[]): Promise<Float32Array> {
  const request = {
    requestId: 1,
    epoch: 1,
    parts: [{ tableUid: uid, keys: keyBytes(keys.map(BigInt)), encoding: ValueEncoding.F32 }],
  };
  const { message } = await answerPull(request, shard, new AnswerMemory());
  const [result] = PullResponse.decode(message).results;
  return new Float32Array(Uint8Array.from(result!.values).buffer);
}

function pulled(rows: RowTable, keys: readonly number[]): Float32Array {
  const out = new Float32Array(keys.length * DIM);
  rows.pull(packed(keys), out);
  return out;
}

const ALL = Array.from({ length: KEYS }, (_, key) => key);
const keys = fc.array(fc.nat(KEYS - 1), { minLength: 1, maxLength: 12 });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('push' as const), keys, value: fc.nat(1000) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pull' as const), keys }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), keys }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), turns: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'round' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash in a round' as const), writes: fc.nat(4) }) },
);
const steps = fc.array(step, { maxLength: 60, size: 'max' });

describe('a table that keeps few rows in memory', () => {
  it('gives what one gives that keeps all, through pushes, pulls, removals, rounds and crashes', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 20 }), async (all, memoryRowsMax) => {
        const specs = [spec('few', memoryRowsMax), spec('fewer', 1)];
        const [few] = specs;
        const reference = createRowTable({ ...few!, memoryRowsMax: 0 });
        const inner = openMemoryStore({ families: FAMILIES });
        let disk = new FaultyStore(inner);
        let shard = await openTestShardOnly({ store: disk.store });
        for (const one of specs) await shard.tableAdmin.create(one);
        let number = 0;
        const crash = async () => {
          disk.writesLeft = 0;
          await shard.tables.stop();
          disk = new FaultyStore(inner);
          shard = await openTestShardOnly({ store: disk.store });
        };
        for (const one of all) {
          switch (one.kind) {
            case 'push': {
              const seq = await push(shard, specs, ++number, one.keys, one.value);
              reference.push(packed(one.keys), valuesOf(one.keys, one.value), seq);
              break;
            }
            case 'pull':
              for (const each of specs) {
                expect(await pull(shard, each, one.keys)).toEqual(pulled(reference, one.keys));
              }
              break;
            case 'remove': {
              const seq = await remove(shard, few!, one.keys);
              await remove(shard, specs[1]!, one.keys);
              reference.remove(packed(one.keys), seq);
              break;
            }
            case 'wait':
              for (let turn = 0; turn < one.turns; turn++) await nextTurn();
              break;
            case 'round':
              await shard.materialiser.round();
              break;
            case 'crash in a round':
              disk.writesLeft = one.writes;
              await shard.materialiser.round().catch(() => undefined);
              await crash();
              break;
            case 'crash':
              await crash();
          }
        }
        for (const each of specs) expect(await pull(shard, each, ALL)).toEqual(pulled(reference, ALL));
        if (all.every(({ kind }) => !kind.startsWith('crash'))) {
          for (const { uid } of specs) expect(shard.tables.get(uid)!.rowCount).toBe(reference.rows);
        }
        await crash();
        for (const each of specs) expect(await pull(shard, each, ALL)).toEqual(pulled(reference, ALL));
        await shard.stop();
      }),
      { numRuns: 40 },
    );
  });

  it('keeps no more rows in memory than it may, on disk and at any durability', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'weir-spill-'));
    try {
      for (const durability of ['process', 'memory'] as const) {
        const store = await openFolder(join(dir, durability));
        const shard = await openTestShardOnly({ store, durability });
        const table = spec('few', 100);
        await shard.tableAdmin.create(table);
        const reference = createRowTable({ ...table, memoryRowsMax: 0 });
        for (let number = 1; number <= 40; number++) {
          const some = Array.from({ length: 50 }, (_, i) => (number * 977 + i * 37) % 1500);
          const seq = await push(shard, [table], number, some, number);
          reference.push(packed(some), valuesOf(some, number), seq);
        }
        const { rows, rowCount } = shard.tables.get(table.uid)!;
        expect(rowCount).toBe(reference.rows);
        while (rows.rows > 100) await nextTurn();
        expect(rowCount).toBeGreaterThan(700);
        const asked = Array.from({ length: 1500 }, (_, i) => i);
        expect(await pull(shard, table, asked)).toEqual(pulled(reference, asked));
        await shard.stop();
        await store.close();
      }
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('does not keep the shard from stopping when the disk takes no rows', async () => {
    const inner = openMemoryStore({ families: FAMILIES });
    const store: Store = {
      ...new FaultyStore(inner).store,
      write: async (batch) => {
        if (batch.size >= 64) throw new Error('no space is left on the volume');
        await inner.write(batch);
      },
    };
    const shard = await openTestShardOnly({ store });
    const table = spec('few', 1);
    await shard.tableAdmin.create(table);
    await push(
      shard,
      [table],
      1,
      Array.from({ length: ROWS_OVER_MAX + 2 }, (_, key) => key),
      1,
    );
    const late = push(shard, [table], 2, [1], 1);
    await nextTurn();
    await shard.stop();
    expect(await late).toBe(3);
  });

  it('lets a push to several tables wait while rows of one cannot be read', async () => {
    const inner = openMemoryStore({ families: FAMILIES });
    let reads = 0;
    const store: Store = {
      ...new FaultyStore(inner).store,
      getMany: async (family, keys) => {
        if (family === ROWS && ++reads <= 3) throw new Error('input/output error');
        return inner.getMany(family, keys);
      },
    };
    const shard = await openTestShardOnly({ store });
    const tables = [spec('few', 1), spec('fewer', 1)];
    for (const table of tables) await shard.tableAdmin.create(table);
    await push(shard, tables, 1, [1, 2, 3], 1);
    for (const { uid } of tables) while (shard.tables.get(uid)!.rows.rows > 1) await nextTurn();
    await push(shard, tables, 2, [1, 2, 3], 1);
    expect(reads).toBeGreaterThan(3);
    await shard.stop();
  });

  it('names a row that was damaged on disk, and goes on with the others', async () => {
    const store: Store = openMemoryStore({ families: FAMILIES });
    const shard = await openTestShardOnly({ store });
    const table = spec('few', 2);
    await shard.tableAdmin.create(table);
    await push(shard, [table], 1, [1, 2, 3, 4, 5, 6], 1);
    const { rows } = shard.tables.get(table.uid)!;
    while (rows.rows > 2) await nextTurn();
    const out = [1, 2, 3, 4, 5, 6].find((key) => rows.missing(packed([key])).length > 0)!;
    const [key] = rowKeys(table.uid, packed([out]));
    expect(key!.length).toBe(table.uid.length + 1 + KEY_BYTES);
    const bytes = (await store.get(ROWS, key!))!;
    bytes[bytes.length - 1]! ^= 1;
    await store.write(store.batch().put(ROWS, key!, bytes));
    const failure = await pull(shard, table, [out]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WeirError);
    expect(failure).toMatchObject({
      code: 'CORRUPT',
      table: 'default/few',
      message: expect.stringContaining(`the row of key ${out} of table default/few: it: the checksum`),
    });
    const others = [1, 2, 3, 4, 5, 6].filter((each) => each !== out);
    expect((await pull(shard, table, others)).length).toBe(5 * DIM);
    await shard.stop();
  });

  it('names rows out of memory that were not updated for long', async () => {
    const store = openMemoryStore({ families: FAMILIES });
    const shard = await openTestShardOnly({ store });
    const table = spec('few', 2);
    await shard.tableAdmin.create(table);
    const upToSeq = await push(shard, [table], 1, [1, 2, 3, 4, 5, 6], 1);
    await push(shard, [table], 2, [11, 12, 13, 14, 15, 16], 1);
    const live = shard.tables.get(table.uid)!;
    while (live.rows.rows > 2) await nextTurn();
    const stale = new Set(unpackKeys(live.rows.stale(upToSeq, undefined, 100).keys));
    for await (const some of staleStoredRows(store, live, upToSeq, 2)) {
      expect(some.length).toBeLessThanOrEqual(4);
      for (const key of unpackKeys(some)) stale.add(key);
    }
    expect([...stale].sort()).toEqual([1n, 2n, 3n, 4n, 5n, 6n]);
    await shard.stop();
  });
});
