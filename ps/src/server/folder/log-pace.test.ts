// The log stays within its bound whatever the disk does: pushes are slowed, and all succeed.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bytesOf } from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import { openMemoryStore, type Store } from '@weir/store';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogPace } from '../../core/log-pace.ts';
import { ROUND_CALM_MS } from '../../limits.ts';
import { FaultyStore } from '../../testing/faulty-store.ts';
import { openTestShardOnly } from '../../testing/in-process.ts';
import { sumTable } from '../../testing/raw-client.ts';
import type { PushOutcome } from '../push/push-outcome.ts';
import type { Shard } from '../shard.ts';
import { FAMILIES, LOG } from './families.ts';
import { openFolder } from './open-folder.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const LOG_REPLAY_MAX = 2 * MIB;
const SPEC = sumTable('sum', 16);
const ROWS = 20_000;
const PUSH_ROWS = 256;
const RECORD_BYTES = PUSH_ROWS * 72 + 256;
const IN_FLIGHT = 8;

const someRow = (push: number, place: number): number => (push * 7919 + place * 31) % ROWS;

/** Pushes rows, some at a time. @param rowOf place of a push -> its key's higher half. Returns the outcomes and the longest that the log has been. */
async function load(
  shard: Shard,
  pushes: number,
  first = 1,
  { rowOf, pushRows } = { rowOf: someRow, pushRows: PUSH_ROWS },
): Promise<{ outcomes: PushOutcome[]; highest: number }> {
  const outcomes: PushOutcome[] = [];
  let highest = 0;
  let number = first;
  const push = async () => {
    while (number < first + pushes) {
      const rows = Uint32Array.from({ length: pushRows * 2 }, (_, i) => (i % 2) * rowOf(number, i));
      const values = bytesOf(new Float32Array(pushRows * 16).fill(1));
      const part = { tableUid: SPEC.uid, keys: bytesOf(rows), values, encoding: ValueEncoding.F32 };
      const whole = {
        number,
        originTimeMs: 0,
        sources: [],
        parts: [part],
        bytes: values.length,
        error: undefined,
      };
      number++;
      outcomes.push(
        await new Promise((done) => shard.pipeline.submit({ id: 'c', incarnation: 'i' }, whole, done)),
      );
      highest = Math.max(highest, shard.materialiser.logBytes);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, push));
  return { outcomes, highest };
}

function slowPages(inner: Store, delayMs = 25): Store {
  const store = new FaultyStore(inner).store;
  return {
    ...store,
    write: async (batch) => {
      if (batch.bytes > MIB) await delay(delayMs);
      await store.write(batch);
    },
  };
}

const applied = (outcomes: readonly PushOutcome[]) =>
  outcomes.filter((outcome) => outcome.kind === 'settled' && outcome.refusal === undefined).length;

describe('the push log', () => {
  it('stays within its bound on a disk that takes pages slowly, and every push succeeds', async () => {
    const store = slowPages(openMemoryStore({ families: FAMILIES }));
    const shard = await openTestShardOnly({ store, logReplayMax: LOG_REPLAY_MAX });
    await shard.tableAdmin.create(SPEC);
    const { outcomes, highest } = await load(shard, 600);
    expect(applied(outcomes)).toBe(600);
    expect(shard.counters.rounds).toBeGreaterThan(3);
    expect(shard.counters.pushWaits).toBeGreaterThan(0);
    expect(highest).toBeGreaterThan(LOG_REPLAY_MAX / 2);
    expect(highest).toBeLessThan(LOG_REPLAY_MAX + IN_FLIGHT * RECORD_BYTES);
    await shard.stop();
  });

  it('is given room again when a table has more pages at the end of a round than at its beginning', async () => {
    // Rounds begin at 32 MiB of log, and while one writes as many bytes of pages, as many more rows come.
    const store = slowPages(openMemoryStore({ families: FAMILIES }), 120);
    const shard = await openTestShardOnly({ store, logReplayMax: 64 * MIB });
    await shard.tableAdmin.create(SPEC);
    const pushRows = 4_096;
    const rowOf = (push: number, place: number) => push * pushRows * 2 + place;
    const { outcomes } = await load(shard, 300, 1, { rowOf, pushRows });
    expect(applied(outcomes)).toBe(300);
    expect(shard.counters.rounds).toBeGreaterThan(0);
    await shard.stop();
  });

  it('refuses pushes with STORAGE_FAILED while pages cannot be written, and takes the same numbers afterwards', async () => {
    const inner = openMemoryStore({ families: FAMILIES });
    let full = true;
    const store: Store = {
      ...new FaultyStore(inner).store,
      write: async (batch) => {
        if (full && batch.bytes > 256 * KIB) throw new Error('no space is left on the volume');
        await inner.write(batch);
      },
    };
    const shard = await openTestShardOnly({ store, logReplayMax: LOG_REPLAY_MAX });
    await shard.tableAdmin.create(SPEC);
    const { outcomes, highest } = await load(shard, 200);
    const refused = outcomes.find((outcome) => outcome.kind === 'turned away');
    expect(refused).toMatchObject({
      error: { code: 'STORAGE_FAILED', message: expect.stringContaining('no space') },
    });
    expect(highest).toBeLessThan(LOG_REPLAY_MAX);
    full = false;
    const taken = applied(outcomes);
    let again = (await load(shard, 1, taken + 1)).outcomes;
    while (applied(again) === 0) {
      await delay(50);
      again = (await load(shard, 1, taken + 1)).outcomes;
    }
    expect(applied((await load(shard, 100, taken + 2)).outcomes)).toBe(100);
    await shard.stop();
  });

  it('gives its space on the disk back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-pace-'));
    const store = await openFolder(folder);
    const shard = await openTestShardOnly({ store, logReplayMax: LOG_REPLAY_MAX });
    await shard.tableAdmin.create(SPEC);
    let highest = 0;
    for (let part = 0; part < 4; part++) {
      await load(shard, 600, part * 600 + 1);
      highest = Math.max(highest, await folderBytes(folder));
    }
    // 4 times 11 MB went through the log, and the table's pages, 2 MB, were written with every MB of it.
    expect(shard.counters.rounds).toBeGreaterThan(15);
    expect(highest).toBeLessThan(30 * MIB);
    await shard.materialiser.round();
    for await (const entry of store.range(LOG)) throw new Error(`the log still holds ${entry.key}`);
    await shard.stop();
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('lets the log grow in step with a round, never beyond the bound', () => {
    const pace = new LogPace(100);
    expect(pace.bytesAllowed(undefined, 0)).toBe(50);
    expect(pace.bytesAllowed(50, 0)).toBe(62.5);
    expect(pace.bytesAllowed(50, 0.5)).toBe(87.5);
    expect(pace.bytesAllowed(50, 1)).toBe(100);
    expect(pace.bytesAllowed(200, 1)).toBe(100);
    expect(pace.dueAt(0)).toBe(50);
  });

  it('lets a round rest only while no push waits for it', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.nat(1500), fc.nat(1000), fc.nat(60_000), share, (begun, grown, elapsedMs, progress) => {
        const pace = new LogPace(1000);
        const due = pace.progressDue(begun, begun + grown, elapsedMs);
        expect(due).toBeGreaterThanOrEqual(0);
        expect(due).toBeLessThanOrEqual(1);
        const pushesWait = begun + grown > pace.bytesAllowed(begun, progress);
        if (pushesWait) expect(progress).toBeLessThanOrEqual(due);
      }),
    );
    expect(new LogPace(100).progressDue(50, 50, ROUND_CALM_MS / 4)).toBe(0.25);
    expect(new LogPace(100).progressDue(50, 55, 0)).toBeCloseTo(0.8);
    expect(new LogPace(100).progressDue(50, 90, 0)).toBe(1);
  });
});

async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
