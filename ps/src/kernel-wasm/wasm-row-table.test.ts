// What only the WebAssembly kernel can meet: keys that share the index's hash, and memory that ends.
import { packKeys } from '@weir/proto';
import { describe, expect, it } from 'vitest';
import { createTypeScriptTable } from '../kernel/create-row-table.ts';
import type { RowTable } from '../kernel/row-table.ts';
import { keysOf, OPTIMIZERS, testTable } from '../kernel/test-tables.ts';
import { createWasmTables } from './create-wasm-tables.ts';
import { createWasmTable, requireKernel } from './test-kernels.ts';

/** The key whose fmix64 this is. */
function unmixed(hash: bigint): bigint {
  const inverse = (odd: bigint): bigint => {
    let x = odd;
    for (let i = 0; i < 6; i++) x = BigInt.asUintN(64, x * (2n - odd * x));
    return x;
  };
  let k = hash ^ (hash >> 33n);
  k = BigInt.asUintN(64, k * inverse(0xc4ceb9fe1a85ec53n));
  k ^= k >> 33n;
  k = BigInt.asUintN(64, k * inverse(0xff51afd7ed558ccdn));
  return k ^ (k >> 33n);
}

/** Keys of one stripe whose hashes have the same low word. */
function collidingKeys(count: number): Uint32Array {
  const keys = Array.from({ length: count }, (_, i) => unmixed((BigInt(i) << 32n) | 0x1234_5678n));
  return packKeys(BigUint64Array.from(keys));
}

function pulled(table: RowTable, keys: Uint32Array): Float32Array {
  const out = new Float32Array((keys.length / 2) * table.spec.dim);
  table.pull(keys, out);
  return out;
}

describe('keys whose hashes collide', () => {
  it('are told apart, known and unknown', () => {
    const table = createWasmTable(testTable({ dim: 1 }));
    const keys = collidingKeys(6);
    table.push(keys.subarray(0, 8), Float32Array.of(1, 2, 3, 4), 1);
    expect([...pulled(table, keys)]).toEqual([1, 2, 3, 4, 0, 0]);
    table.push(keys.subarray(4), Float32Array.of(10, 20, 30, 40), 2);
    expect([...pulled(table, keys)]).toEqual([1, 2, 13, 24, 30, 40]);
    expect(table.rows).toBe(6);
  });

  it('fill chains, not memory, when there are more than a segment holds', () => {
    const keys = collidingKeys(3000);
    const values = new Float32Array(3000).map((_, i) => i);
    const definition = testTable({ dim: 1 });
    const [table, plain] = [createWasmTable(definition), createTypeScriptTable(definition)];
    for (const one of [table, plain]) {
      one.push(keys.subarray(0, 4000), values.subarray(0, 2000), 1);
      one.push(keys, values, 2);
    }
    expect(table.rows).toBe(3000);
    expect(pulled(table, keys)).toEqual(pulled(plain, keys));
    expect(table.bytes).toBeLessThan(2 ** 20);
  });

  it('leave the chains again, from any place in them', () => {
    const keys = collidingKeys(3000);
    const values = new Float32Array(3000).map((_, i) => i + 1);
    const table = createWasmTable(testTable({ dim: 1 }));
    table.push(keys, values, 1);
    const odd = keys.filter((_, word) => word % 4 >= 2);
    expect(table.remove(odd, 2)).toBe(1500);
    expect(table.absent(keys)).toBe(1500);
    expect([...pulled(table, keys)]).toEqual([...values].map((value, i) => (i % 2 === 0 ? value : 0)));
    const { bytes } = table;
    table.push(odd, new Float32Array(1500).fill(7), 3);
    expect([...pulled(table, keys)]).toEqual([...values].map((value, i) => (i % 2 === 0 ? value : 7)));
    expect(table).toMatchObject({ rows: 3000, bytes });
  });
});

describe('a table whose memory is used up', () => {
  // 16 MiB a stripe, rows of 48 KiB.
  const definition = testTable({ dim: 4096, optimizer: OPTIMIZERS.adam });
  const small = createWasmTables(requireKernel(), 256);
  const failure = expect.objectContaining({
    code: 'TABLE_FULL',
    message: expect.stringMatching(/default\/test: the memory of its stripe \d is used up/),
  });

  function filled(): { readonly table: RowTable; readonly keys: number[] } {
    const table = small(definition);
    const keys: number[] = [];
    for (let key = 0; table.room(1); key++) {
      table.push(keysOf(key), new Float32Array(4096).fill(1), key + 1);
      keys.push(key);
    }
    return { table, keys };
  }

  it('refuses new keys, changes nothing, and goes on with the keys it has', () => {
    const { table, keys } = filled();
    expect(keys.length).toBeGreaterThan(500);
    const { rows, seq } = table;
    const before = pulled(table, keysOf(...keys.slice(0, 20)));
    // More than the memory that is left for rows that were promised it.
    const many = Array.from({ length: 400 }, (_, i) => 1_000_000 + i);
    const mixed = keysOf(...keys.slice(0, 50), ...many);
    expect(() => table.push(mixed, new Float32Array(450 * 4096), seq + 1)).toThrow(failure);
    expect(table).toMatchObject({ rows, seq });
    expect(pulled(table, keysOf(...keys.slice(0, 20)))).toEqual(before);
    table.push(keysOf(...keys.slice(0, 20)), new Float32Array(20 * 4096).fill(1), seq + 1);
    expect(table).toMatchObject({ rows, seq: seq + 1 });
    expect(pulled(table, keysOf(...keys.slice(0, 20)))).not.toEqual(before);
    expect(table.room(keys.length)).toBe(false);
    const loaded = small(definition);
    for (const id of table.pages(0)) loaded.loadPage(table.readPage(id));
    expect(loaded).toMatchObject({ rows, seq: seq + 1 });
    loaded.push(keysOf(...keys.slice(0, 20)), new Float32Array(20 * 4096).fill(1), seq + 2);
  });

  it('has room again for as many rows as were removed, over and over', () => {
    const { table, keys } = filled();
    const { bytes, rows } = table;
    for (let round = 0; round < 3; round++) {
      expect(table.remove(keysOf(...keys), table.seq + 1)).toBe(rows);
      expect(table.room(30)).toBe(true);
      for (const key of keys) table.push(keysOf(key), new Float32Array(4096).fill(1), table.seq + 1);
      expect(table).toMatchObject({ rows, bytes });
    }
  });

  it('replays what filled it, though a replayed push comes in one piece and takes more memory for that', () => {
    const create = createWasmTables(requireKernel(), 512);
    const table = create(definition);
    const again = create(definition);
    const repeated = keysOf(...new Array(200).fill(0));
    const values = new Float32Array(200 * 4096).fill(1);
    for (let i = 0; i < 200; i++) table.push(keysOf(0), values.subarray(0, 4096), 1, i > 0);
    again.replay(repeated, values, 1);
    for (let key = 1; table.room(1); key++) table.push(keysOf(key), values.subarray(0, 4096), key + 1);
    for (let seq = 2; seq <= table.seq; seq++) again.replay(keysOf(seq - 1), values.subarray(0, 4096), seq);
    expect(again).toMatchObject({ rows: table.rows, seq: table.seq });
  });
});
