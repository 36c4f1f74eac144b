// Everything that happens to tables, in any order, against a plain model; and after every crash the same rows again.
import { bytesOf, packKeys } from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import { AdmissionKind, OptimizerKind, type TableSpec } from '@weir/proto/v1/tables';
import { openMemoryStore } from '@weir/store';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Tombstones } from '../../core/tombstones.ts';
import { WEIGHTS_AT } from '../../kernel/layout.ts';
import type { RowTable } from '../../kernel/row-table.ts';
import { FaultyStore } from '../../testing/faulty-store.ts';
import { Follower, rowBytes } from '../../testing/follower.ts';
import { openTestShardOnly } from '../../testing/in-process.ts';
import { pushPart, sumTable, tableSpec } from '../../testing/raw-client.ts';
import { FAMILIES } from '../folder/families.ts';
import type { PushOutcome } from '../push/push-outcome.ts';
import type { Shard } from '../shard.ts';
import type { LiveTable } from './live-table.ts';

const KEYS = 24;
const ALL = packKeys(BigUint64Array.from({ length: KEYS }, (_, key) => BigInt(key)));
const SGD = { kind: OptimizerKind.SGD, learningRate: 0.5 };
const ADAGRAD = { kind: OptimizerKind.ADAGRAD, learningRate: 0.1, initialAccumulator: 0.01 };
const count = (least: number) => ({ kind: AdmissionKind.COUNT, count: least, probability: 0 });
const chance = (probability: number) => ({ kind: AdmissionKind.PROBABILITY, count: 0, probability });

/** Expires; admits by count and evicts; admits by chance and does both; expires and keeps few rows in memory. */
const FIRST: readonly TableSpec[] = [
  { ...sumTable('expiring', 1), ttlMs: 1_000 },
  { ...tableSpec('counting', 1, SGD), admission: count(2), rowsMax: 8 },
  { ...tableSpec('chancy', 2, ADAGRAD), admission: chance(0.5), ttlMs: 2_000, rowsMax: 12 },
  { ...sumTable('spilled', 1), ttlMs: 1_000, memoryRowsMax: 3 },
];
/** What alters may make of each. */
const LATER: readonly (readonly Partial<TableSpec>[])[] = [
  [{ ttlMs: 500 }, { ttlMs: 3_000 }, { ttlMs: 0 }, { gradientClip: 1 }, { admission: count(3), rowsMax: 6 }],
  [
    { optimizer: { ...FIRST[1]!.optimizer!, learningRate: 0.25 } },
    { admission: count(3) },
    { admission: count(1) },
    { admission: undefined },
    { rowsMax: 0 },
    { rowsMax: 4, ttlMs: 700 },
  ],
  [
    { admission: chance(0.25) },
    { admission: undefined },
    { optimizer: { ...FIRST[2]!.optimizer!, learningRate: 1 } },
  ],
  [{ memoryRowsMax: 1 }, { memoryRowsMax: 12 }, { ttlMs: 500 }, { ttlMs: 3_000, gradientClip: 2 }],
];

interface ModelRow {
  seq: number;
  atMs: number;
  weight: number;
}

/** A table of dim 1 with sums or plain gradients, as simple as can be. */
class Model {
  spec: TableSpec;
  readonly rows = new Map<number, ModelRow>();
  readonly counts = new Map<number, number>();

  constructor(spec: TableSpec) {
    this.spec = spec;
  }

  push(keys: readonly number[], value: number, seq: number, atMs: number): void {
    const { admission, optimizer, gradientClip } = this.spec;
    const gradient = gradientClip > 0 ? Math.max(-gradientClip, Math.min(gradientClip, value)) : value;
    const step = optimizer!.kind === OptimizerKind.SUM ? gradient : -optimizer!.learningRate * gradient;
    for (const key of keys) {
      const row = this.rows.get(key);
      const counted = this.counts.get(key) ?? 0;
      if (row === undefined && admission !== undefined && counted + 1 < admission.count) {
        this.counts.set(key, counted + 1);
      } else this.rows.set(key, { seq, atMs, weight: (row?.weight ?? 0) + step });
    }
  }

  alter(spec: TableSpec): void {
    this.spec = spec;
    if (spec.admission === undefined) this.counts.clear();
  }

  /** @param survives whether the shard kept the row: decides between rows of one push only. */
  sweep(nowMs: number, survives: (key: number) => boolean): void {
    const { ttlMs, rowsMax } = this.spec;
    for (const [key, { atMs }] of this.rows) if (ttlMs > 0 && atMs <= nowMs - ttlMs) this.rows.delete(key);
    if (rowsMax === 0 || this.rows.size <= rowsMax) return;
    const oldest = [...this.rows].sort(([a, x], [b, y]) => x.seq - y.seq || +survives(a) - +survives(b));
    for (const [key] of oldest.slice(0, this.rows.size - rowsMax)) this.rows.delete(key);
  }
}

const table = fc.nat(FIRST.length - 1);
const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('push' as const),
      table,
      keys: fc.array(fc.nat(KEYS - 1), { minLength: 1, maxLength: 8 }),
      value: fc.integer({ min: -4, max: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('alter' as const), table, change: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('recreate' as const), table }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('sweep' as const),
      afterMs: fc.integer({ min: 200, max: 900 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('follow' as const), table }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('round' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash in a round' as const), writes: fc.nat(5) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function submit(
  shard: Shard,
  { uid, dim }: TableSpec,
  keys: readonly bigint[],
  value: number,
): Promise<PushOutcome> {
  const values = new Float32Array(keys.length * dim).fill(value);
  const parts = [pushPart(uid, keys, [...values])];
  const push = { number: 0, originTimeMs: 0, sources: [], parts, bytes: 0, error: undefined };
  return new Promise((settle) => shard.pipeline.submit(undefined, push, settle));
}

/** Key -> position of its last removal, of keys without a row: of others a replay over newer pages may know less. */
function removedAt(tombstones: Tombstones, rows: ReadonlyMap<number, unknown>): Map<number, number> {
  const all = tombstones.between(0, Number.MAX_SAFE_INTEGER);
  const last = new Map(
    all.flatMap(({ seq, keys }) => [...keys].filter((_, i) => i % 2 === 0).map((key) => [key, seq] as const)),
  );
  for (const key of rows.keys()) last.delete(key);
  return new Map([...last].sort(([a], [b]) => a - b));
}

/** Key -> image of its row, of the rows that the table has, in memory or not. */
async function imagesOf({ rows, spill }: LiveTable): Promise<Map<number, Uint32Array>> {
  const all = (await spill?.peek(ALL)) ?? rows.imagesOf(ALL);
  const images = new Map<number, Uint32Array>();
  for (let at = 0; at < all.length; at += rows.imageWords) {
    const image = all.slice(at, at + rows.imageWords);
    if (image[2] !== 0 || image[3] !== 0) images.set(image[0]!, image);
  }
  return images;
}

class Run {
  readonly #inner = openMemoryStore({ families: FAMILIES });
  #disk = new FaultyStore(this.#inner);
  #shard!: Shard;
  #elapsedMs = 0;
  #specs = [...FIRST];
  #models = FIRST.map((spec) => new Model(spec));
  #followers = FIRST.map(() => new Follower());

  async begin(): Promise<void> {
    await this.#open();
    for (const spec of FIRST) await this.#shard.tableAdmin.create(spec);
  }

  async take(one: Step): Promise<void> {
    switch (one.kind) {
      case 'push':
        return this.#push(one.table, one.keys, one.value);
      case 'alter': {
        const changes = LATER[one.table]!;
        const wanted = { ...this.#specs[one.table]!, ...changes[one.change % changes.length] };
        const { spec } = await this.#shard.tableAdmin.alter(wanted);
        this.#specs[one.table] = spec!;
        this.#models[one.table]!.alter(spec!);
        return;
      }
      case 'recreate': {
        const old = this.#specs[one.table]!;
        await this.#shard.tableAdmin.drop(old.uid);
        const spec = { ...FIRST[one.table]!, uid: `${old.uid}-2` };
        await this.#shard.tableAdmin.create(spec);
        this.#specs[one.table] = spec;
        this.#models[one.table] = new Model(spec);
        this.#followers[one.table] = new Follower();
        return;
      }
      case 'sweep':
        this.#elapsedMs += one.afterMs;
        await this.#shard.expiry.sweep();
        for (const [i, model] of this.#models.entries()) {
          const present = await this.#present(i);
          model.sweep(this.#shard.clock.now(), (key) => present[key] === 1);
        }
        return;
      case 'follow':
        return this.#follow(one.table);
      case 'round':
        return this.#shard.materialiser.round();
      case 'crash in a round':
        this.#disk.writesLeft = one.writes;
        await this.#shard.materialiser.round().catch(() => undefined);
        return this.#crash();
      case 'crash':
        return this.#crash();
    }
  }

  async end(): Promise<void> {
    await this.#crash();
    for (const i of FIRST.keys()) await this.#follow(i);
  }

  /** The shard has what the model has. The third table's admissions are nobody's to foresee. */
  async check(): Promise<void> {
    for (const i of [0, 1, 3]) {
      const rows = await this.#rows(i);
      const weights = new Map([...rows].map(([key, [weight]]) => [Number(key), weight]));
      const model = [...this.#models[i]!.rows].map(([key, { weight }]) => [key, weight] as const);
      expect(weights).toEqual(new Map(model));
      const { rowCount, spill } = this.#shard.tables.get(this.#specs[i]!.uid)!;
      if (spill === undefined) expect(rowCount).toBe(model.length);
    }
  }

  async #push(number: number, keys: readonly number[], value: number): Promise<void> {
    const spec = this.#specs[number]!;
    const outcome = await submit(this.#shard, spec, keys.map(BigInt), value);
    expect(outcome).toMatchObject({ kind: 'settled', refusal: undefined });
    const { seq } = outcome as { seq: number };
    this.#models[number]!.push(keys, value, seq, this.#shard.clock.now());
  }

  /** At rest, a follower has the rows of the shard and no others. */
  async #follow(number: number): Promise<void> {
    const follower = this.#followers[number]!;
    await follower.catchUp(this.#shard, this.#specs[number]!.uid);
    expect(rowBytes(follower.rows)).toEqual(rowBytes(await this.#rows(number)));
  }

  async #present(number: number): Promise<Uint8Array> {
    const rows = await this.#rows(number);
    return Uint8Array.from({ length: KEYS }, (_, key) => Number(rows.has(BigInt(key))));
  }

  /** Key -> weights, of the rows that the shard has, in memory or not. */
  async #rows(number: number): Promise<Map<bigint, Float32Array>> {
    const table = this.#shard.tables.get(this.#specs[number]!.uid)!;
    const rows = new Map<bigint, Float32Array>();
    for (const [key, { buffer }] of await imagesOf(table)) {
      rows.set(BigInt(key), new Float32Array(buffer).slice(WEIGHTS_AT, WEIGHTS_AT + table.spec.dim));
    }
    return rows;
  }

  /** Nothing is written any more, and another shard opens the folder: it has the rows that were lost, bit for bit. */
  async #crash(): Promise<void> {
    this.#disk.writesLeft = 0;
    await this.#shard.tables.stop();
    const lost = await this.#state();
    this.#disk = new FaultyStore(this.#inner);
    await this.#open();
    expect(await this.#state()).toEqual(lost);
  }

  /** All that later answers and decisions follow from. */
  async #state(): Promise<unknown> {
    const tables = [];
    for (const table of this.#shard.tables.list()) {
      const { spec, sketch, tombstones } = table;
      const rows = await imagesOf(table);
      tables.push({
        spec,
        rows,
        counted: Array.from({ length: KEYS }, (_, key) => sketch?.estimate(key, 0)),
        age: sketch?.age,
        removedAt: removedAt(tombstones, rows),
      });
    }
    return { tables, clockMs: this.#shard.seqClock.highestMs, seq: this.#shard.log.appliedSeq };
  }

  async #open(): Promise<void> {
    this.#shard = await openTestShardOnly({ store: this.#disk.store, elapsedMs: () => this.#elapsedMs });
  }
}

it('any sequence of changes, sweeps, rounds and crashes leaves what a plain model has, and followers equal', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const run = new Run();
      await run.begin();
      for (const one of steps) {
        await run.take(one);
        await run.check();
      }
      await run.end();
      await run.check();
    }),
    { numRuns: 30 },
  );
});

/** A shard with one table, whose clock the test moves on. */
async function oneTable(spec: TableSpec) {
  let elapsedMs = 0;
  const store = openMemoryStore({ families: FAMILIES });
  const disk = new FaultyStore(store);
  const shard = await openTestShardOnly({ store: disk.store, elapsedMs: () => elapsedMs });
  await shard.tableAdmin.create(spec);
  const push = (...keys: bigint[]) => submit(shard, spec, keys, 1);
  const expire = (afterMs: number): Promise<void> => {
    elapsedMs += afterMs;
    return shard.expiry.sweep();
  };
  return { shard, store, disk, push, expire, table: shard.tables.get(spec.uid)! };
}

it('pushes logged before an alter go by the old definition, those behind it by the new one, also in a replay', async () => {
  const spec = tableSpec('doc', 1, { kind: OptimizerKind.SGD, learningRate: 1 });
  const { shard, store, disk, push, table } = await oneTable(spec);
  const weight = (rows: RowTable): number => {
    const out = new Float32Array(1);
    rows.pull(Uint32Array.of(1, 0), out);
    return out[0]!;
  };
  await push(1n);
  disk.hold();
  const before = push(1n);
  const altered = shard.tableAdmin.alter({ ...spec, optimizer: { ...spec.optimizer!, learningRate: 0.25 } });
  while (shard.log.submittedSeq < shard.log.appliedSeq + 2) await new Promise(setImmediate);
  const behind = push(1n);
  disk.release();
  await Promise.all([before, altered, behind]);
  expect(weight(table.rows)).toBe(-2.25);
  disk.writesLeft = 0;
  const again = await openTestShardOnly({ store });
  expect(weight(again.tables.get(spec.uid)!.rows)).toBe(-2.25);
  expect(again.tables.get(spec.uid)!.spec.optimizer!.learningRate).toBe(0.25);
});

it('a removal that its table was dropped before is skipped', async () => {
  const spec = { ...sumTable('doc', 1), ttlMs: 1_000 };
  const { shard, disk, push, expire } = await oneTable(spec);
  await push(1n);
  disk.hold();
  const dropped = shard.tableAdmin.drop(spec.uid);
  while (shard.log.submittedSeq < shard.log.appliedSeq + 1) await new Promise(setImmediate);
  const expired = expire(1_500);
  while (shard.log.submittedSeq < shard.log.appliedSeq + 2) await new Promise(setImmediate);
  disk.release();
  await Promise.all([dropped, expired]);
  expect(shard.counters).toMatchObject({ expiredRows: 0, skippedRecords: 1 });
});

it('a push that its table was dropped under while it was prepared is refused, and a restart knows nothing of it', async () => {
  const spec = sumTable('doc', 16);
  const { shard, store } = await oneTable(spec);
  const rows = 100_000;
  const values = bytesOf(new Float32Array(16 * rows));
  const part = { tableUid: spec.uid, keys: new Uint8Array(8 * rows), values, encoding: ValueEncoding.F32 };
  const push = { number: 0, originTimeMs: 0, sources: [], error: undefined };
  const pushed = new Promise<PushOutcome>((settle) => {
    shard.turns.submit({}, undefined, { ...push, parts: [part], bytes: values.length }, settle);
  });
  await shard.tableAdmin.drop(spec.uid);
  // It forgets what was dropped, since no record to come names it.
  await shard.materialiser.round();
  expect(await pushed).toMatchObject({ kind: 'settled', refusal: { code: 'TABLE_NOT_FOUND' } });
  await shard.stop();
  expect((await openTestShardOnly({ store })).tables.size).toBe(0);
});

it('a removal whose table is dropped before it is logged is not, and a restart knows nothing of it', async () => {
  const spec = { ...sumTable('doc', 1), ttlMs: 1_000 };
  const { shard, store, push, expire } = await oneTable(spec);
  await push(1n);
  const expired = expire(1_500);
  await shard.tableAdmin.drop(spec.uid);
  await Promise.all([shard.materialiser.round(), expired]);
  await shard.stop();
  expect((await openTestShardOnly({ store })).tables.size).toBe(0);
});

it('a follower who was away for longer than tombstones are kept gets a snapshot', async () => {
  const spec = { ...sumTable('doc', 1), ttlMs: 1_000 };
  const { shard, push, expire, table } = await oneTable(spec);
  table.restoreTombstones(new Tombstones(100));
  const follower = new Follower();
  await push(1n, 2n);
  await follower.catchUp(shard, spec.uid);
  await expire(1_500);
  await follower.catchUp(shard, spec.uid);
  expect(follower).toMatchObject({ snapshots: 1, tombstones: 2 });
  for (const key of [3n, 4n]) {
    await push(key);
    await expire(1_500);
  }
  await push(5n);
  await follower.catchUp(shard, spec.uid);
  expect(follower).toMatchObject({ snapshots: 2, tombstones: 2 });
  expect([...follower.rows.keys()]).toEqual([5n]);
});

it('a row that is pushed between the choice and its record stays', async () => {
  const spec = { ...sumTable('doc', 1), ttlMs: 1_000 };
  const { shard, disk, push, expire, table } = await oneTable(spec);
  await push(1n, 2n);
  disk.hold();
  const pushed = push(2n);
  // The push is on its way to the disk, the row is still the old one: it is chosen, and its removal waits behind.
  const expired = expire(1_500);
  disk.release();
  await Promise.all([pushed, expired]);
  expect(table.rows.rows).toBe(1);
  expect(shard.counters.expiredRows).toBe(1);
  expect(table.tombstones.between(0, 100).map(({ keys }) => [...keys])).toEqual([[1, 0]]);
});

it('rows on disk expire too, though none of the table is in memory', async () => {
  const spec = { ...sumTable('doc', 1), ttlMs: 1_000, memoryRowsMax: 10 };
  const { shard, store, push } = await oneTable(spec);
  await push(...Array.from({ length: 300 }, (_, key) => BigInt(key)));
  await shard.materialiser.round();
  await shard.stop();
  let elapsedMs = 0;
  const again = await openTestShardOnly({ store, elapsedMs: () => elapsedMs });
  const table = again.tables.get(spec.uid)!;
  expect([table.rowCount, table.rows.rows]).toEqual([300, 0]);
  elapsedMs = 1_500;
  await again.expiry.sweep();
  expect(table.rowCount).toBe(0);
  const removed = table.tombstones.between(0, 1_000).flatMap(({ keys }) => [...keys]);
  expect(new Set(removed.filter((_, i) => i % 2 === 0)).size).toBe(300);
});

it('a shard stops although the disk refuses the removal under way', async () => {
  const spec = { ...sumTable('doc', 1), ttlMs: 1_000 };
  const { shard, disk, push, expire } = await oneTable(spec);
  await push(1n);
  disk.failure = new Error('the disk refuses');
  const expired = expire(1_500);
  while (shard.counters.storageFailures === 0) await new Promise(setImmediate);
  const refused = expect(expired).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await shard.stop();
  await refused;
});

it('a sweep logs no removal once the shard stops', async () => {
  const spec = { ...sumTable('doc', 1), ttlMs: 1_000 };
  const { shard, disk, push, expire, table } = await oneTable(spec);
  await push(1n);
  disk.failure = new Error('the disk refuses');
  const expired = expire(1_500);
  // It has begun, and waits for its turn.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  await shard.stop();
  await expired;
  expect(table.rows.rows).toBe(1);
});

it('expiry that the disk refuses leaves the rows, and takes them later', async () => {
  const spec = { ...sumTable('doc', 1), ttlMs: 1_000 };
  const { shard, push, expire, table } = await oneTable(spec);
  await push(1n);
  await shard.log.stop();
  await expect(expire(1_500)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(table.rows.rows).toBe(1);
});
