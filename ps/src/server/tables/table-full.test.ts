// A table whose memory is used up: real pushes through the pipeline, over a kernel with little memory.
import { u32FromBytes } from '@weir/proto';
import type { SourceRange } from '@weir/proto/v1/parameter_server';
import { openMemoryStore } from '@weir/store';
import { describe, expect, it } from 'vitest';
import { ClientNumbers } from '../../core/client-numbers.ts';
import { ownershipOf, routingTableOf } from '../../core/routing.ts';
import { SeqClock } from '../../core/seq-clock.ts';
import { SourceOffsets } from '../../core/source-offsets.ts';
import { createWasmTables } from '../../kernel-wasm/create-wasm-tables.ts';
import { loadKernel } from '../../kernel-wasm/load-kernel.ts';
import { ONE_SHARD, silentLogger } from '../../testing/in-process.ts';
import { pushPart, sumTable } from '../../testing/raw-client.ts';
import { ShardCounters } from '../counters.ts';
import { FAMILIES } from '../folder/families.ts';
import { PushLog } from '../log/push-log.ts';
import type { PushOutcome } from '../push/push-outcome.ts';
import { PushPipeline } from '../push/push-pipeline.ts';
import { PushPreparation } from '../push/push-preparation.ts';
import { ShardClock } from '../shard-clock.ts';
import { Tables } from './tables.ts';
import { fullTables } from './watch-fullness.ts';

const DIM = 64;
const BATCH = 200;
/** Of 64 KiB a stripe: fixed arrays, and some thousand rows. */
const MEMORY_PAGES = 100;

function smallTable(memoryRowsMax = 0) {
  const store = openMemoryStore({ families: FAMILIES });
  const tables = new Tables(store, createWasmTables(loadKernel()!, MEMORY_PAGES));
  const table = tables.add({ ...sumTable('doc', DIM), memoryRowsMax });
  const log: PushLog = new PushLog({
    sink: { keeps: false, commitBytes: 1, write: async () => undefined },
    nextSeq: 1,
    replayedBytes: 0,
    room: () => undefined,
    logger: silentLogger(),
    events: { committed() {}, storageFailed() {} },
  });
  tables.attach({ storedUpTo: () => 0, midRecord: () => log.midRecord }, 0);
  const counters = new ShardCounters();
  const sources = new SourceOffsets();
  const acquired = sources.acquiring('g', 1, [{ partition: 0, incarnation: 'log', start: 0 }]);
  sources.place(acquired);
  sources.logged(acquired);
  const pipeline = new PushPipeline({
    tables,
    numbers: new ClientNumbers(),
    sources,
    log,
    preparation: new PushPreparation({
      tables,
      ownership: ownershipOf(routingTableOf(ONE_SHARD), 'shard-0'),
      clock: new ShardClock(0),
      counters,
      draw: () => 1,
    }),
    seqClock: new SeqClock(),
    counters,
    pushLatency() {},
  });
  let number = 0;
  const client = { id: 'c', incarnation: 'i' };
  const push = (first: number, more: readonly bigint[] = []) => submit(++number, first, more, []);
  /** Of a source of which each push covers one record. */
  const pushOfSource = (of: number, first: number, more: readonly bigint[] = []) => {
    const range = { group: 'g', partition: 0, generation: 1, incarnation: 'log', from: of - 1, to: of };
    return submit(of, first, more, [range]);
  };
  function submit(of: number, first: number, more: readonly bigint[], ranges: readonly SourceRange[]) {
    const keys = [...Array.from({ length: BATCH }, (_, i) => BigInt(first + i)), ...more];
    const parts = [pushPart('uid-doc', keys, new Array(keys.length * DIM).fill(1))];
    const whole = { number: of, originTimeMs: 0, sources: ranges, parts, bytes: 1, error: undefined };
    return new Promise<PushOutcome>((settle) => pipeline.submit(client, whole, settle));
  }
  const weight = (key: number): number => {
    const out = new Float32Array(DIM);
    table.rows.pull(Uint32Array.of(key, 0), out);
    return out[0]!;
  };
  return { tables, table, log, counters, sources, push, pushOfSource, weight };
}

const FULL = { kind: 'settled', refusal: { code: 'TABLE_FULL', table: 'default/doc' } };
const DONE = { kind: 'settled', refusal: undefined };

const isFull = (outcome: PushOutcome): boolean => outcome.kind === 'settled' && outcome.refusal !== undefined;

describe('a table whose memory is used up', () => {
  it('refuses a push with new keys whole, before it is logged, however many are under way; others it takes', async () => {
    const { tables, table, log, counters, push, weight } = smallTable();
    expect(fullTables(tables).size).toBe(0);
    const outcomes: PushOutcome[] = [];
    while (outcomes.filter(isFull).length < 1_000) {
      const first = outcomes.length * BATCH;
      outcomes.push(...(await Promise.all(Array.from({ length: 50 }, (_, i) => push(first + i * BATCH)))));
    }
    for (const outcome of outcomes) expect(outcome).toMatchObject(isFull(outcome) ? FULL : DONE);
    const full = outcomes.filter(isFull).length;
    expect(outcomes.length - full).toBeGreaterThan(10);
    expect(table.rows.rows).toBe((outcomes.length - full) * BATCH);
    expect(counters.refusals.get('TABLE_FULL')).toBe(full);
    expect([...fullTables(tables).keys()]).toEqual(['default/doc']);

    expect(await push(0)).toMatchObject(DONE);
    // One new key among known ones: nothing of it is applied, unless there is room for one more row.
    for (let fresh = 10_000_000n; ; fresh++) {
      const before = weight(0);
      if (isFull(await push(0, [fresh]))) {
        expect(weight(0)).toBe(before);
        break;
      }
      expect(weight(0)).toBe(before + 1);
    }

    const victims = new Uint32Array(2 * 16 * BATCH).map((_, i) => (i % 2 === 0 ? i / 2 : 0));
    const removal = { kind: 'remove', tableUid: 'uid-doc', reason: 'evicted', keys: victims } as const;
    log.submit({
      bytes: 0,
      encode: () => new Uint8Array(0),
      apply: (seq) => void table.remove({ ...removal, seq, upToSeq: seq - 1 }),
      refuse() {},
    });
    await push(BATCH * 20);
    expect(await push(20_000_000)).toMatchObject(DONE);
  });

  it('passes over the new keys of a push with sources, applies its other rows, and its range advances', async () => {
    const { table, counters, sources, pushOfSource, weight } = smallTable();
    let number = 0;
    for (;;) {
      const outcome = await pushOfSource(++number, (number - 1) * BATCH);
      expect(outcome).toMatchObject(DONE);
      if (counters.skippedRows.size > 0) break;
    }
    expect(counters.skippedRows).toEqual(new Map([['TABLE_FULL', BATCH]]));
    const rows = table.rows.rows;
    expect(rows).toBe((number - 1) * BATCH);
    const fresh = Array.from({ length: BATCH }, (_, i) => BigInt(20_000_000 + i));
    const outcome = await pushOfSource(++number, 0, fresh);
    expect(outcome).toMatchObject(DONE);
    const skipped = outcome.kind === 'settled' ? (outcome.skipped?.messages(number) ?? []) : [];
    expect(skipped).toMatchObject([{ number, tableUid: 'uid-doc', code: 'TABLE_FULL', rows: BATCH }]);
    expect([...u32FromBytes(skipped[0]!.keys)]).toEqual(fresh.map((_, i) => BATCH + i));
    expect([weight(0), weight(BATCH - 1), weight(20_000_000)]).toEqual([2, 2, 0]);
    expect(table.rows.rows).toBe(rows);
    expect(sources.at('g', 0)?.applied).toBe(number);
    expect(counters.refusals.size).toBe(0);
  });

  it('turns pushes with sources away while rows have to leave for disk, and then takes them, all rows of them', async () => {
    const { table, counters, sources, pushOfSource } = smallTable(1_000_000);
    const pushes = 400;
    for (let settled = 0; settled < pushes; ) {
      const numbers = Array.from({ length: Math.min(200, pushes - settled) }, (_, i) => settled + 1 + i);
      const outcomes = await Promise.all(numbers.map((of) => pushOfSource(of, of * BATCH)));
      for (const outcome of outcomes) {
        if (outcome.kind === 'turned away') break;
        expect(outcome).toMatchObject(DONE);
        settled++;
      }
    }
    expect(counters.refusals.get('OVERLOADED')).toBeGreaterThan(0);
    expect(counters.skippedRows.size).toBe(0);
    expect(table.rowCount).toBe(pushes * BATCH);
    expect(sources.at('g', 0)?.applied).toBe(pushes);
    await table.spill!.stop();
  });

  it('lets rows leave for disk where its definition allows, also below its bound of rows', async () => {
    const { table, push } = smallTable(1_000_000);
    const pushes = 700;
    for (let i = 0; i < pushes; i++) expect(await push(i * BATCH)).toMatchObject(DONE);
    expect(table.rowCount).toBe(pushes * BATCH);
    expect(table.spill!.moved.out).toBeGreaterThan(100 * BATCH);
    const keys = Uint32Array.from({ length: 2 * BATCH }, (_, i) => (i % 2 === 0 ? i / 2 : 0));
    const weights = new Float32Array(BATCH * DIM);
    for (let i = 0; i < pushes; i += 5) {
      await table.spill!.takeIn(keys);
      table.rows.pull(keys, weights);
      expect(weights.every((weight) => weight === 1)).toBe(true);
      for (let at = 0; at < keys.length; at += 2) keys[at]! += 5 * BATCH;
    }
    await table.spill!.stop();
  });
});
