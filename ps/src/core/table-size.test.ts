// The estimate against real tables and a real shard's process.
import { setTimeout as delay } from 'node:timers/promises';
import { bytesOf, packKeys } from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import { OptimizerKind } from '@weir/proto/v1/tables';
import { describe, expect, it } from 'vitest';
import { createRowTable } from '../kernel-wasm/load-kernel.ts';
import { LOG_REPLAY_MAX_DEFAULT } from '../limits.ts';
import { startCluster } from '../testing/cluster.ts';
import { pushRequest, RawClient, tableSpec } from '../testing/raw-client.ts';
import { type SizeQuestion, sizeOf } from './table-size.ts';

const GIB = 2 ** 30;
const QUESTION: SizeQuestion = {
  rows: 200_000,
  dim: 16,
  optimizer: OptimizerKind.ADAGRAD,
  shards: 1,
  memoryBytesPerShard: 16 * GIB,
  logReplayMax: LOG_REPLAY_MAX_DEFAULT,
};
const PUSH_ROWS = 4096;

function batch(first: number): Uint32Array {
  return packKeys(
    BigUint64Array.from(
      { length: PUSH_ROWS },
      (_, i) => (BigInt(first + i) * 0x9e3779b97f4a7c15n) & (2n ** 64n - 1n),
    ),
  );
}

describe('the size of a table', () => {
  it.each([
    [OptimizerKind.SUM, 1],
    [OptimizerKind.ADAGRAD, 16],
    [OptimizerKind.ADAM, 8],
    [OptimizerKind.FTRL, 32],
  ])('is, for optimizer %i and dimension %i, what its kernel takes, within a tenth', (kind, dim) => {
    const optimizer = {
      kind,
      learningRate: 0.1,
      initialAccumulator: 0.1,
      beta1: 0.9,
      beta2: 0.99,
      epsilon: 1e-8,
      ftrlBeta: 1,
    };
    const table = createRowTable(tableSpec('size', dim, optimizer));
    const values = new Float32Array(PUSH_ROWS * dim);
    for (let seq = 1; seq <= 49; seq++) table.push(batch(seq * PUSH_ROWS), values, seq);
    const { tableBytes } = sizeOf({ ...QUESTION, rows: table.rows, dim, optimizer: kind });
    expect(tableBytes / table.bytes).toBeGreaterThan(0.9);
    expect(tableBytes / table.bytes).toBeLessThan(1.1);
  });

  it("is, with all that surrounds it, what a shard's process takes at rest, within a quarter", async () => {
    await using cluster = await startCluster({ shards: 1 });
    const client = new RawClient(cluster.seeds[0]!);
    const dim = 64;
    const spec = tableSpec('size', dim, {
      kind: OptimizerKind.ADAGRAD,
      learningRate: 0.1,
      initialAccumulator: 0.1,
    });
    await client.create(spec);
    const stream = client.pushStream();
    const values = bytesOf(new Float32Array(PUSH_ROWS * dim).fill(1));
    const pushes = 60;
    for (let number = 1; number <= pushes; number++) {
      const keys = bytesOf(batch(number * PUSH_ROWS));
      stream.send(pushRequest(number, [{ tableUid: spec.uid, keys, values, encoding: ValueEncoding.F32 }]));
      for (let through = 0; through < number; ) through = (await stream.next())!.through;
    }
    await fetch(`http://${cluster.admins[0]}/materialise`, { method: 'POST', body: '{}' });
    await delay(500);
    const metrics = await (await fetch(`http://${cluster.admins[0]}/metrics`)).text();
    const resident = Number(/^process_memory_usage (\d+)/m.exec(metrics)![1]);
    const { restBytes } = sizeOf({ ...QUESTION, rows: pushes * PUSH_ROWS, dim });
    expect(restBytes / resident).toBeGreaterThan(0.75);
    expect(restBytes / resident).toBeLessThan(1.25);
    stream.cancel();
    client.close();
  });

  it('counts, of a table with rows on disk, the rows that a shard keeps, and two bytes at most of each other one', () => {
    const rows = 100_000_000;
    const whole = sizeOf({ ...QUESTION, rows });
    const kept = sizeOf({ ...QUESTION, rows: 1_000_000 });
    const spilled = sizeOf({ ...QUESTION, rows, memoryRowsMax: 1_000_000 });
    expect([whole.fits, spilled.fits]).toEqual([false, true]);
    expect(spilled.tableBytes / kept.tableBytes).toBeCloseTo(1, 1);
    expect((spilled.restBytes - spilled.tableBytes - (kept.restBytes - kept.tableBytes)) / rows).toBeLessThan(
      2,
    );
    expect(spilled.diskBytes).toBeGreaterThan(rows * whole.rowBytes);
  });

  it('takes as few shards as the memory of each allows, and says when no number does', () => {
    const many = { ...QUESTION, rows: 200_000_000, shards: undefined, memoryBytesPerShard: 8 * GIB };
    const size = sizeOf(many);
    expect(size.fits).toBe(true);
    expect(size.peakBytes).toBeLessThan(8 * GIB);
    expect(sizeOf({ ...many, shards: size.shards - 1 }).fits).toBe(false);
    expect(sizeOf({ ...many, memoryBytesPerShard: GIB / 4 }).fits).toBe(false);
  });
});
