// The WebAssembly kernel against the plain one: the same calls give the same bytes.
import { InitializerKind, type TableSpec } from '@weir/proto/v1/tables';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTypeScriptTable } from '../kernel/create-row-table.ts';
import type { ChangePosition, RowTable } from '../kernel/row-table.ts';
import { keysOf, OPTIMIZERS, testTable } from '../kernel/test-tables.ts';
import { createWasmTable } from './test-kernels.ts';

const { ZERO, CONSTANT, UNIFORM, NORMAL } = InitializerKind;
const EXTREMES = [3.4028234e38, -3.4028234e38, 1e20, -1e20, 1e-20, 1e-45, -1e-45, 0, -0].map(Math.fround);

const initializer = fc.oneof(
  fc.constant({ kind: ZERO }),
  fc.record({ kind: fc.constant(CONSTANT), value: fc.float({ min: -5, max: 5, noNaN: true }) }),
  fc.record({
    kind: fc.constant(UNIFORM),
    low: fc.float({ min: -5, max: -1, noNaN: true }),
    high: fc.float({ min: 0, max: 5, noNaN: true }),
  }),
  fc.record({
    kind: fc.constant(NORMAL),
    mean: fc.float({ min: -5, max: 5, noNaN: true }),
    standardDeviation: fc.float({ min: Math.fround(0.01), max: 5, noNaN: true }),
  }),
);
const positive = fc.constantFrom(...[0.001, 0.1, 0.7, 3].map(Math.fround));
/** Any table; what an optimizer refuses is left out of it. */
const spec: fc.Arbitrary<TableSpec> = fc
  .record({
    name: fc.constantFrom(...(Object.keys(OPTIMIZERS) as (keyof typeof OPTIMIZERS)[])),
    dim: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(32, 37, 64)),
    seed: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    learningRate: positive,
    initializer,
    gradientClip: fc.oneof(fc.constant(0), positive),
    updateNormMax: fc.oneof(fc.constant(0), positive),
  })
  .map(({ name, dim, seed, learningRate, initializer, gradientClip, updateNormMax }) =>
    testTable({
      dim,
      seed,
      optimizer: { ...OPTIMIZERS[name], ...('learningRate' in OPTIMIZERS[name] && { learningRate }) },
      initializer: name === 'ftrl' ? {} : initializer,
      gradientClip: name === 'assign' ? 0 : gradientClip,
      updateNormMax: name === 'assign' || name === 'ftrl' ? 0 : updateNormMax,
    }),
  );
const gradient = fc.oneof(
  { weight: 8, arbitrary: fc.float({ min: -3, max: 3, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(...EXTREMES) },
);
/** Keys of a small range, so that they come again, and any. */
const key = fc.oneof(
  { weight: 4, arbitrary: fc.nat(150) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }) },
);
const batch = fc.record({
  keys: fc.array(key, { maxLength: 60 }),
  gradients: fc.array(gradient, { minLength: 7, maxLength: 7 }),
});
type Batch = typeof batch extends fc.Arbitrary<infer T> ? T : never;

function valuesOf({ keys, gradients }: Batch, dim: number): Float32Array {
  return new Float32Array(keys.length * dim).map((_, i) => gradients[(i * i + i) % gradients.length]!);
}

function pagesOf(table: RowTable): Buffer[] {
  return Array.from(table.pages(0), (id) => Buffer.from(table.readPage(id)));
}

function changesOf(table: RowTable, sinceSeq: number, rowsMax: number): unknown[] {
  const all: unknown[] = [];
  let from: ChangePosition | undefined;
  do {
    const changes = table.changes(sinceSeq, from, rowsMax);
    all.push(changes);
    from = changes.next;
  } while (from !== undefined);
  return all;
}

function numberOf(keys: Uint32Array, at: number): number {
  return keys[2 * at]! + keys[2 * at + 1]! * 2 ** 32;
}

function staleOf(table: RowTable, upToSeq: number, rowsMax: number): unknown[] {
  const all: unknown[] = [];
  let from: ChangePosition | undefined;
  do {
    const stale = table.stale(upToSeq, from, rowsMax);
    all.push(stale);
    from = stale.next;
  } while (from !== undefined);
  return all;
}

function expectSame(wasm: RowTable, plain: RowTable, keys: Uint32Array): void {
  const { dim } = plain.spec;
  const got = new Float32Array((keys.length / 2) * dim);
  const expected = new Float32Array(got.length);
  wasm.pull(keys, got);
  plain.pull(keys, expected);
  expect(Buffer.compare(Buffer.from(got.buffer), Buffer.from(expected.buffer))).toBe(0);
  expect([...wasm.pages(0)]).toEqual([...plain.pages(0)]);
  expect(Buffer.concat(pagesOf(wasm)).equals(Buffer.concat(pagesOf(plain)))).toBe(true);
  const { rows, seq, stateSlots } = plain;
  expect({ rows: wasm.rows, seq: wasm.seq, stateSlots: wasm.stateSlots }).toEqual({ rows, seq, stateSlots });
}

describe('the WebAssembly kernel, against the plain one', () => {
  it('gives the same weights, pages and changes after any pushes to any table', () => {
    fc.assert(
      fc.property(
        spec,
        fc.array(batch, { maxLength: 12 }),
        fc.nat(12),
        fc.integer({ min: 1, max: 40 }),
        (definition, batches, sinceSeq, rowsMax) => {
          const wasm = createWasmTable(definition);
          const plain = createTypeScriptTable(definition);
          for (const [i, one] of batches.entries()) {
            const keys = keysOf(...one.keys);
            wasm.push(keys, valuesOf(one, definition.dim), i + 1);
            plain.push(keys, valuesOf(one, definition.dim), i + 1);
          }
          expectSame(wasm, plain, keysOf(...batches.flatMap(({ keys }) => keys), 999, 2 ** 40));
          expect(changesOf(wasm, sinceSeq, rowsMax)).toEqual(changesOf(plain, sinceSeq, rowsMax));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('goes on from the other one, from some of its pages and the log', () => {
    const tables = [createWasmTable, createTypeScriptTable];
    fc.assert(
      fc.property(
        spec,
        fc.array(batch, { minLength: 1, maxLength: 10 }),
        fc.nat(10),
        fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
        fc.constantFrom(0, 1),
        (definition, batches, pagesAt, kept, writer) => {
          const original = tables[writer]!(definition);
          const pages: Buffer[] = [];
          for (const [i, one] of batches.entries()) {
            if (i === pagesAt) pages.push(...pagesOf(original).filter((_, page) => kept[page % 8]));
            original.push(keysOf(...one.keys), valuesOf(one, definition.dim), i + 1);
          }
          const recovered = tables.map((create) => {
            const table = create(definition);
            for (const page of pages.toReversed()) table.loadPage(page);
            return table;
          });
          for (const [i, one] of batches.entries()) {
            const keys = keysOf(...one.keys);
            const [wasm, plain] = recovered.map((table) =>
              table.replay(keys, valuesOf(one, definition.dim), i + 1),
            );
            expect(wasm).toBe(plain);
          }
          const [wasm, plain] = recovered;
          expectSame(wasm!, plain!, keysOf(...batches.flatMap(({ keys }) => keys)));
          expect(recovered.map(pagesOf)).toEqual([pagesOf(original), pagesOf(original)]);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('stays the same through removals, replays and loads, and gives free places out again alike', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: batch.map((one) => ({ kind: 'push' as const, batch: one })) },
      { weight: 2, arbitrary: batch.map((one) => ({ kind: 'replay' as const, batch: one })) },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('remove' as const),
          keys: fc.array(key, { maxLength: 60 }),
          upToSeq: fc.option(fc.nat(25), { nil: undefined }),
        }),
      },
      { weight: 1, arbitrary: fc.constant({ kind: 'load' as const }) },
    );
    fc.assert(
      fc.property(
        spec,
        fc.array(step, { maxLength: 25 }),
        fc.nat(25),
        fc.integer({ min: 1, max: 40 }),
        (definition, steps, someSeq, rowsMax) => {
          let wasm = createWasmTable(definition);
          let plain = createTypeScriptTable(definition);
          const keys = [999];
          for (const [i, one] of steps.entries()) {
            if (one.kind === 'load') {
              const pages = pagesOf(plain);
              wasm = createWasmTable(definition);
              plain = createTypeScriptTable(definition);
              for (const page of pages) for (const table of [wasm, plain]) table.loadPage(page);
              continue;
            }
            const numbers = one.kind === 'remove' ? one.keys : one.batch.keys;
            keys.push(...numbers);
            const packed = keysOf(...numbers);
            const flags = [wasm, plain].map((table) => {
              const absent = new Uint8Array(numbers.length);
              expect(table.absent(packed, absent)).toBe(absent.reduce((sum, flag) => sum + flag, 0));
              return absent;
            });
            expect(flags[0]).toEqual(flags[1]);
            const [got, expected] = [wasm, plain].map((table) => {
              if (one.kind === 'remove') return table.remove(packed, i + 1, Math.min(i, one.upToSeq ?? i));
              return table[one.kind](packed, valuesOf(one.batch, definition.dim), i + 1);
            });
            expect(got).toBe(expected);
          }
          expectSame(wasm, plain, keysOf(...keys));
          expect(wasm.pageCounts).toEqual(plain.pageCounts);
          expect(changesOf(wasm, someSeq, rowsMax)).toEqual(changesOf(plain, someSeq, rowsMax));
          for (const id of plain.pages(0)) expect(wasm.rowSeqs(id)).toEqual(plain.rowSeqs(id));
          expect(staleOf(wasm, someSeq, rowsMax)).toEqual(staleOf(plain, someSeq, rowsMax));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('moves the same rows out of memory, and takes them in again as they were', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: batch.map((one) => ({ kind: 'push' as const, batch: one })) },
      {
        weight: 2,
        arbitrary: fc.array(key, { maxLength: 60 }).map((keys) => ({ kind: 'pull' as const, keys })),
      },
      {
        weight: 3,
        arbitrary: fc.integer({ min: 1, max: 80 }).map((rows) => ({ kind: 'out' as const, rows })),
      },
      {
        weight: 3,
        arbitrary: fc.array(key, { maxLength: 60 }).map((keys) => ({ kind: 'in' as const, keys })),
      },
    );
    fc.assert(
      fc.property(spec, fc.array(step, { maxLength: 25 }), (given, steps) => {
        const definition = { ...given, memoryRowsMax: 100 };
        const wasm = createWasmTable(definition);
        const plain = createTypeScriptTable(definition);
        const words = plain.imageWords;
        const out = new Map<number, Uint32Array>();
        for (const [i, one] of steps.entries()) {
          if (one.kind === 'push') {
            const keys = keysOf(...one.batch.keys);
            for (const table of [wasm, plain]) table.push(keys, valuesOf(one.batch, definition.dim), i + 1);
          } else if (one.kind === 'pull') {
            for (const table of [wasm, plain]) {
              table.pull(keysOf(...one.keys), new Float32Array(one.keys.length * definition.dim));
            }
          } else if (one.kind === 'out') {
            const [keys, others] = [wasm, plain].map((table) => table.unused(one.rows));
            expect(keys).toEqual(others);
            const images = plain.imagesOf(keys!);
            expect(wasm.imagesOf(keys!)).toEqual(images);
            for (const table of [wasm, plain]) expect(table.release(images)).toBe(keys!.length / 2);
            expect(wasm.missing(keys!)).toEqual(keys);
            for (let row = 0; row * words < images.length; row++) {
              out.set(numberOf(keys!, row), images.slice(row * words, (row + 1) * words));
            }
          } else {
            const images = Uint32Array.from(one.keys.flatMap((each) => [...(out.get(each) ?? [])]));
            expect(wasm.insert(images)).toBe(plain.insert(images));
          }
          expect([...wasm.pages(0)]).toEqual([...plain.pages(0)]);
        }
        expectSame(wasm, plain, keysOf(999));
      }),
      { numRuns: 100 },
    );
  });

  it('resolves keys that stand in two pages alike', () => {
    const definition = testTable({ dim: 3, optimizer: OPTIMIZERS.adagrad });
    const step = fc.record({
      remove: fc.boolean(),
      keys: fc.array(fc.nat(900), { minLength: 1, maxLength: 400, size: 'max' }),
    });
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 2, maxLength: 12 }),
        fc.infiniteStream(fc.nat()),
        (steps, picks) => {
          // Rows of 40 bytes: two pages a stripe and more, and each page taken at some time of its own.
          const table = createTypeScriptTable(definition);
          const filler = Array.from({ length: 16_000 }, (_, i) => 1_000 + i);
          table.push(keysOf(...filler), new Float32Array(3 * 16_000), 1);
          const versions = new Map<string, Buffer[]>();
          for (const [i, { remove, keys }] of steps.entries()) {
            // Filler goes too, so that keys find other places than before.
            if (remove)
              table.remove(
                keysOf(...keys, ...keys.map((key) => 1_000 + ((key * 7919 * (i + 1)) % 16_000))),
                i + 2,
              );
            else table.push(keysOf(...keys), new Float32Array(3 * keys.length).fill(1), i + 2);
            for (const id of table.pages(0)) {
              const stored = versions.get(`${id.stripe}/${id.page}`) ?? [];
              versions.set(`${id.stripe}/${id.page}`, [...stored, Buffer.from(table.readPage(id))]);
            }
          }
          const pages = [...versions.values()].map((all) => all[picks.next().value! % all.length]!);
          const [wasm, plain] = [createWasmTable, createTypeScriptTable].map((create) => {
            const loaded = create(definition);
            for (const page of pages) loaded.loadPage(page);
            return loaded;
          });
          expectSame(wasm!, plain!, keysOf(...Array.from({ length: 900 }, (_, i) => i)));
          expect([...wasm!.pages(1)]).toEqual([...plain!.pages(1)]);
        },
      ),
      { numRuns: 10 },
    );
  });

  it('stays the same while it grows, in batches of any size', () => {
    const definition = testTable({
      dim: 6,
      optimizer: OPTIMIZERS.adagrad,
      initializer: { kind: UNIFORM, low: -1, high: 1 },
    });
    const wasm = createWasmTable(definition);
    const plain = createTypeScriptTable(definition);
    let next = 0;
    for (const [i, size] of [1, 500, 3, 40_000, 7, 60_000, 511, 513, 20_000].entries()) {
      const numbers = Array.from({ length: size }, (_, j) =>
        j % 3 === 2 ? (j * 7919) % (next + 1) : next++,
      );
      const values = new Float32Array(size * 6).map((_, j) => ((j * 31) % 97) / 37 - 1.3);
      for (const table of [wasm, plain]) table.push(keysOf(...numbers), values, i + 1);
    }
    expect(wasm.rows).toBeGreaterThan(80_000);
    expectSame(wasm, plain, keysOf(...Array.from({ length: 30_000 }, (_, i) => i * 3)));
    const removed = keysOf(...Array.from({ length: 40_000 }, (_, i) => i * 2));
    const again = keysOf(...Array.from({ length: 30_000 }, (_, i) => 50_000 + i * 2));
    for (const table of [wasm, plain]) {
      expect(table.remove(removed, 10)).toBe(40_000);
      table.push(again, new Float32Array(30_000 * 6).fill(1), 11);
    }
    expectSame(wasm, plain, keysOf(...Array.from({ length: 30_000 }, (_, i) => i * 3)));
    expect(changesOf(wasm, 3, 5000)).toEqual(changesOf(plain, 3, 5000));
  });
});
