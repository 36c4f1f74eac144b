// What happens to tables of which few rows are in memory: large pushes, expiry, altered bounds.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { bytesOf, packKeys } from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import { OptimizerKind, type TableSpec } from '@weir/proto/v1/tables';
import { openMemoryStore } from '@weir/store';
import { expect, it } from 'vitest';
import type { RowTable } from '../../kernel/row-table.ts';
import { createRowTable } from '../../kernel-wasm/load-kernel.ts';
import { LOOK_UP_ROWS, LOOK_UPS_AT_ONCE, REMOVED_KEYS_MAX, ROWS_OVER_MAX } from '../../limits.ts';
import { FaultyStore } from '../../testing/faulty-store.ts';
import { openTestShardOnly } from '../../testing/in-process.ts';
import { keyBytes, sumTable, tableSpec } from '../../testing/raw-client.ts';
import { FAMILIES, ROWS, rowRange } from '../folder/families.ts';
import { AnswerMemory } from '../pull/answer-memory.ts';
import { answerPull } from '../pull/pull.ts';
import type { PushOutcome } from '../push/push-outcome.ts';
import type { Shard } from '../shard.ts';
import { sliceTimes } from '../slices.ts';

const keysFrom = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);
const packed = (keys: readonly number[]) => packKeys(BigUint64Array.from(keys.map(BigInt)));

function pulled(rows: RowTable, keys: readonly number[]): Float32Array {
  const out = new Float32Array(keys.length * rows.spec.dim);
  rows.pull(packed(keys), out);
  return out;
}

async function oneTable(spec: TableSpec) {
  let elapsedMs = 0;
  let tickMs = 0;
  const store = openMemoryStore({ families: FAMILIES });
  let disk = new FaultyStore(store);
  const open = () => openTestShardOnly({ store: disk.store, elapsedMs: () => (elapsedMs += tickMs) });
  let shard = await open();
  await shard.tableAdmin.create(spec);
  return {
    get shard() {
      return shard;
    },
    get table() {
      return shard.tables.get(spec.uid)!;
    },
    push: (keys: readonly number[], value = 1) => push(shard, spec, keys, value),
    expire: (afterMs: number) => {
      elapsedMs += afterMs;
      return shard.expiry.sweep();
    },
    /** Each look at the clock takes so long. */
    tick: (ms: number) => {
      tickMs = ms;
    },
    stored: async () => {
      let rows = 0;
      for await (const _ of store.range(ROWS, rowRange(spec.uid))) rows++;
      return rows;
    },
    /** In a round, after so many of its writes. */
    crash: async (writes = 0) => {
      disk.writesLeft = writes;
      if (writes > 0) await shard.materialiser.round().catch(() => undefined);
      disk.writesLeft = 0;
      await shard.tables.stop();
      disk = new FaultyStore(store);
      shard = await open();
    },
  };
}

async function push(
  shard: Shard,
  { uid, dim }: TableSpec,
  keys: readonly number[],
  value: number,
): Promise<number> {
  const values = bytesOf(new Float32Array(keys.length * dim).fill(value));
  const part = { tableUid: uid, keys: keyBytes(keys.map(BigInt)), values, encoding: ValueEncoding.F32 };
  const whole = { number: 0, originTimeMs: 0, sources: [], parts: [part], bytes: 0, error: undefined };
  const outcome = await new Promise<PushOutcome>((settle) => shard.pipeline.submit(undefined, whole, settle));
  expect(outcome).toMatchObject({ kind: 'settled', refusal: undefined });
  return (outcome as { seq: number }).seq;
}

it('both updates of a key that comes twice in a large push stay, whatever leaves memory in between', async () => {
  const adagrad = { kind: OptimizerKind.ADAGRAD, learningRate: 0.1, initialAccumulator: 0.01 };
  const spec = { ...tableSpec('doc', 1, adagrad), memoryRowsMax: 1 };
  const reference = createRowTable({ ...spec, memoryRowsMax: 0 });
  const one = await oneTable(spec);
  const some = keysFrom(0, 30_000);
  const twice = [...some, ...some];
  for (let round = 0; round < 3; round++) {
    const seq = await one.push(twice, round + 1);
    reference.push(packed(twice), new Float32Array(twice.length).fill(round + 1), seq);
    if (round === 1) await one.crash();
  }
  await one.table.spill!.takeIn(packed(some));
  expect(Buffer.compare(bytesOf(pulled(one.table.rows, some)), bytesOf(pulled(reference, some)))).toBe(0);
  await one.shard.stop();
});

it('rows that expired are removed once, although disk has them until the next round', async () => {
  const one = await oneTable({ ...sumTable('doc', 1), memoryRowsMax: 10, ttlMs: 1_000 });
  await one.push(keysFrom(0, 100));
  await one.shard.materialiser.round();
  await one.expire(1_500);
  const { tombstones } = one.table;
  const keys = tombstones.between(0, one.shard.log.appliedSeq).flatMap((batch) => [...batch.keys]);
  expect(keys.length).toBe(2 * 100);
  await one.shard.stop();
});

it('a lower bound of rows in memory holds as soon as it is altered', async () => {
  const spec = { ...sumTable('doc', 1), memoryRowsMax: 100 };
  const one = await oneTable(spec);
  await one.push(keysFrom(0, 100));
  await one.shard.tableAdmin.alter({ ...spec, memoryRowsMax: 10 });
  for (let turn = 0; turn < 1_000 && one.table.rows.rows > 10; turn++) await nextTurn();
  expect(one.table.rows.rows).toBeLessThanOrEqual(10);
  expect(one.table.rowCount).toBe(100);
  await one.shard.stop();
});

it('holds beyond its bound the rows at which pushes wait, one push, and one group of look-ups, however many come', async () => {
  const [bound, pushRows] = [1_000, 2_000];
  const spec = { ...sumTable('doc', 1), memoryRowsMax: bound };
  const one = await oneTable(spec);
  let most = 0;
  const watch = async (until: Promise<unknown>) => {
    let going = true;
    const ended = until.finally(() => {
      going = false;
    });
    for (; going; await nextTurn()) most = Math.max(most, one.table.rows.rows);
    await ended;
  };
  const pull = async (first: number) => {
    const parts = [
      {
        tableUid: spec.uid,
        keys: keyBytes(keysFrom(first, pushRows).map(BigInt)),
        encoding: ValueEncoding.F32,
      },
    ];
    (await answerPull({ requestId: 1, epoch: 1, parts }, one.shard, new AnswerMemory())).release();
  };
  const firsts = keysFrom(0, 10).map((i) => i * pushRows);
  await watch(Promise.all(firsts.map((first) => one.push(keysFrom(first, pushRows)))));
  await watch(Promise.all(firsts.map(pull)));
  expect(most - bound).toBeGreaterThan(ROWS_OVER_MAX / 2);
  expect(most - bound).toBeLessThan(ROWS_OVER_MAX + LOOK_UP_ROWS * LOOK_UPS_AT_ONCE + 2 * pushRows);
  await one.shard.stop();
});

it('a large pull goes on in slices after it has waited for rows from disk', async () => {
  const one = await oneTable({ ...sumTable('doc', 1), memoryRowsMax: 200_000 });
  for (let first = 0; first < 210_000; first += 30_000) await one.push(keysFrom(first, 30_000));
  while (one.table.rows.rows > 200_000) await nextTurn();
  const here = keysFrom(0, 210_000).filter((key) => one.table.rows.absent(packed([key])) === 0);
  const slices = () => sliceTimes().get('pull')?.slices ?? 0;
  const before = slices();
  const keys = keyBytes([9_999_999n, ...here.map(BigInt)]);
  const parts = [{ tableUid: one.table.spec.uid, keys, encoding: ValueEncoding.F32 }];
  (await answerPull({ requestId: 1, epoch: 1, parts }, one.shard, new AnswerMemory())).release();
  expect(slices() - before).toBeGreaterThan(4);
  await one.shard.stop();
});

it('rows that were removed in great number stay removed, wherever a round deletes them ends', async () => {
  for (let writes = 1; writes < 12; writes += 2) {
    const one = await oneTable({ ...sumTable('doc', 1), memoryRowsMax: 100, ttlMs: 1_000 });
    const some = keysFrom(0, 1_500);
    await one.push(some);
    await one.shard.materialiser.round();
    await one.expire(1_500);
    const again = some.filter((key) => key % 3 === 0);
    const round = one.shard.materialiser.round();
    await one.push(again);
    await round;
    await one.expire(100);
    await one.push(again.slice(100));
    await one.crash(writes);
    await one.table.spill!.takeIn(packed(some));
    const expected = some.map((key) => (key % 3 > 0 ? 0 : key < 300 ? 1 : 2));
    expect([...pulled(one.table.rows, some)]).toEqual(expected);
    await one.shard.materialiser.round();
    expect(await one.stored()).toBe(again.length);
    await one.shard.stop();
  }
});

it('rows that were removed are deleted on disk before they are too many to remember', async () => {
  const rows = REMOVED_KEYS_MAX + 10_000;
  const one = await oneTable({ ...sumTable('doc', 1), memoryRowsMax: rows, ttlMs: 1_000 });
  await one.push(keysFrom(0, rows));
  await one.shard.materialiser.round();
  expect(await one.stored()).toBe(rows);
  await one.expire(1_500);
  while ((await one.stored()) > REMOVED_KEYS_MAX) await nextTurn();
  expect(one.table.rowCount).toBe(0);
  await one.shard.stop();
});

it('a scan for expired rows that takes long is followed by a longer pause', async () => {
  const one = await oneTable({ ...sumTable('doc', 1), memoryRowsMax: 10, ttlMs: 1_000 });
  await one.push([1]);
  one.tick(500);
  await one.expire(1_500);
  one.tick(0);
  expect(one.shard.counters.expiredRows).toBe(1);
  await one.push([2]);
  await one.expire(1_200);
  expect(one.shard.counters.expiredRows).toBe(1);
  await one.expire(5_000);
  expect(one.shard.counters.expiredRows).toBe(2);
  await one.shard.stop();
});
