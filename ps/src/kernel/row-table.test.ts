import { xxHash64OfBytes } from '@weir/proto';
import { InitializerKind } from '@weir/proto/v1/tables';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KERNELS } from '../kernel-wasm/test-kernels.ts';
import type { ChangePosition, RowTable } from './row-table.ts';
import { keysOf, OPTIMIZERS, testTable } from './test-tables.ts';

describe.each(KERNELS)('%s kernel', (_kernel, createRowTable) => {
  const CONSTANT = { kind: InitializerKind.CONSTANT, value: 0.5 };

  function pulled(table: RowTable, ...keys: number[]): number[] {
    const out = new Float32Array(keys.length * table.spec.dim);
    table.pull(keysOf(...keys), out);
    return [...out];
  }

  /** A whole scan, at most `rowsMax` rows a call: key -> weights; fails on a key that comes twice. */
  function scanned(table: RowTable, sinceSeq: number, rowsMax = 1000): Map<number, number[]> {
    const rows = new Map<number, number[]>();
    let from: ChangePosition | undefined;
    do {
      const { keys, weights, next } = table.changes(sinceSeq, from, rowsMax);
      expect(keys.length / 2).toBeLessThanOrEqual(rowsMax);
      for (let i = 0; i < keys.length / 2; i++) {
        const key = keys[2 * i]! + keys[2 * i + 1]! * 2 ** 32;
        expect(rows.has(key)).toBe(false);
        rows.set(key, [...weights.subarray(i * table.spec.dim, (i + 1) * table.spec.dim)]);
      }
      from = next;
    } while (from !== undefined);
    return rows;
  }

  describe('pull', () => {
    it('gives unknown keys their initial value and makes no row', () => {
      const table = createRowTable(testTable({ initializer: CONSTANT }));
      expect(pulled(table, 1, 2, 1)).toEqual([0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
      expect(table).toMatchObject({ rows: 0, seq: 0 });
      expect([...table.pages(0)]).toEqual([]);
    });

    it('writes from the offset on and leaves the rest alone', () => {
      const table = createRowTable(testTable({ initializer: CONSTANT }));
      const out = new Float32Array(6).fill(9);
      table.pull(keysOf(1), out, 2);
      expect([...out]).toEqual([9, 9, 0.5, 0.5, 9, 9]);
      expect(() => table.pull(keysOf(1), out, 5)).toThrow('no room');
    });

    it('tells keys apart that share a word', () => {
      const table = createRowTable(testTable({ dim: 1 }));
      const keys = [7, 7 * 2 ** 32, 7 + 7 * 2 ** 32, 0];
      table.push(keysOf(...keys), Float32Array.of(1, 2, 3, 4), 1);
      expect(pulled(table, ...keys)).toEqual([1, 2, 3, 4]);
    });
  });

  describe('push', () => {
    it('takes a key that comes twice as two updates in order', () => {
      const table = createRowTable(testTable({ dim: 1, optimizer: OPTIMIZERS.assign }));
      table.push(keysOf(1, 2, 1), Float32Array.of(5, 6, 7), 1);
      expect(pulled(table, 1, 2)).toEqual([7, 6]);
      const once = createRowTable(testTable({ dim: 1, optimizer: OPTIMIZERS.adagrad }));
      const twice = createRowTable(testTable({ dim: 1, optimizer: OPTIMIZERS.adagrad }));
      once.push(keysOf(1, 1), Float32Array.of(0.5, -0.25), 1);
      twice.push(keysOf(1), Float32Array.of(0.5), 1);
      twice.push(keysOf(1), Float32Array.of(-0.25), 2);
      expect(pulled(once, 1)).toEqual(pulled(twice, 1));
    });

    it('applies a record in parts as it would at once', () => {
      const definition = testTable({ dim: 1, optimizer: OPTIMIZERS.adagrad });
      const whole = createRowTable(definition);
      const parts = createRowTable(definition);
      whole.push(keysOf(1, 2, 1, 3), Float32Array.of(1, 2, 3, 4), 7);
      parts.push(keysOf(1, 2), Float32Array.of(1, 2), 7);
      parts.push(keysOf(1, 3), Float32Array.of(3, 4), 7, true);
      expect([...parts.pages(0)].map((id) => parts.readPage(id))).toEqual(
        [...whole.pages(0)].map((id) => whole.readPage(id)),
      );
      expect(() => parts.push(keysOf(1), Float32Array.of(1), 6, true)).toThrow('does not rise');
    });

    it('refuses a seq that does not rise, and values that are not keys x dim', () => {
      const table = createRowTable(testTable({ dim: 1 }));
      table.push(keysOf(1), Float32Array.of(1), 5);
      expect(() => table.push(keysOf(1), Float32Array.of(1), 5)).toThrow('does not rise');
      expect(() => table.push(keysOf(1), Float32Array.of(1, 2), 6)).toThrow('not keys x dim');
      expect(table.seq).toBe(5);
    });

    it('agrees with a Map of rows over many keys, pages and chunks', () => {
      const table = createRowTable(testTable({ dim: 700 }));
      const model = new Map<number, number>();
      const values = new Float32Array(700 * 100);
      for (let seq = 1; seq <= 40; seq++) {
        const keys = Array.from({ length: 100 }, (_, i) => (seq * 37 + i * i) % 1500);
        for (const [i, key] of keys.entries()) {
          values.fill(seq + i, i * 700, (i + 1) * 700);
          model.set(key, (model.get(key) ?? 0) + seq + i);
        }
        table.push(keysOf(...keys), values, seq);
      }
      expect(table.rows).toBe(model.size);
      expect(table.rows).toBeGreaterThan(600);
      for (const [key, value] of model) expect(new Set(pulled(table, key))).toEqual(new Set([value]));
      expect(table.bytes).toBeGreaterThan(table.rows * 700 * 4);
    });
  });

  describe('changes', () => {
    const pushes = fc.array(fc.array(fc.nat(60), { minLength: 1, maxLength: 12 }), { maxLength: 25 });

    it('are the rows with a higher seq, at their current values, in calls of any size', () => {
      fc.assert(
        fc.property(pushes, fc.nat(30), fc.integer({ min: 1, max: 15 }), (all, sinceSeq, rowsMax) => {
          const table = createRowTable(testTable({ dim: 1 }));
          const expected = new Set<number>();
          for (const [i, keys] of all.entries()) {
            table.push(keysOf(...keys), new Float32Array(keys.length).fill(1), i + 1);
            if (i + 1 > sinceSeq) for (const key of keys) expected.add(key);
          }
          const found = scanned(table, sinceSeq, rowsMax);
          expect(new Set(found.keys())).toEqual(expected);
          for (const [key, weights] of found) expect(weights).toEqual(pulled(table, key));
        }),
        { numRuns: 50 },
      );
    });

    it('have, after a scan, every row changed before it began, whatever is pushed meanwhile', () => {
      const table = createRowTable(testTable({ dim: 1 }));
      const keys = Array.from({ length: 500 }, (_, i) => i);
      table.push(keysOf(...keys), new Float32Array(500).fill(1), 1);
      const found = new Set<number>();
      let from: ChangePosition | undefined;
      let seq = 1;
      do {
        const { keys: some, next } = table.changes(0, from, 7);
        for (let i = 0; i < some.length; i += 2) found.add(some[i]!);
        seq++;
        table.push(keysOf(seq, 10_000 + seq), Float32Array.of(1, 1), seq);
        from = next;
      } while (from !== undefined);
      for (const key of keys) expect(found.has(key)).toBe(true);
    });

    it('look at a bounded number of rows a call, so that one may find none', () => {
      const table = createRowTable(testTable({ dim: 1 }));
      const rows = 40_000;
      table.push(keysOf(...Array.from({ length: rows }, (_, i) => i)), new Float32Array(rows), 1);
      // One row of every page: all are dirty, hardly a row has changed.
      const touched = Array.from({ length: 200 }, (_, i) => i * 200);
      table.push(keysOf(...touched), new Float32Array(200), 2);
      const first = table.changes(1, undefined, 1000);
      expect(first.next).toBeDefined();
      expect(first.keys.length / 2).toBeLessThan(200);
      expect([...scanned(table, 1).keys()].sort((a, b) => a - b)).toEqual(touched);
    });
  });

  describe('remove', () => {
    it('frees rows: their keys are at their initial values again, and their pages dirty', () => {
      const table = createRowTable(testTable({ dim: 1, initializer: CONSTANT }));
      table.push(keysOf(1, 2, 3), Float32Array.of(1, 2, 3), 1);
      expect(table.remove(keysOf(2, 4, 2), 2)).toBe(1);
      expect(pulled(table, 1, 2, 3)).toEqual([1.5, 0.5, 3.5]);
      expect(table).toMatchObject({ rows: 2, seq: 2 });
      expect([...table.pages(1)].length).toBe(1);
      expect([...scanned(table, 0).keys()].sort()).toEqual([1, 3]);
      table.push(keysOf(2), Float32Array.of(4), 3);
      expect(pulled(table, 2)).toEqual([4.5]);
    });

    it('leaves rows alone that have its seq or a later one', () => {
      const table = createRowTable(testTable({ dim: 1 }));
      table.push(keysOf(1), Float32Array.of(1), 5);
      const again = createRowTable(table.spec);
      for (const id of table.pages(0)) again.loadPage(table.readPage(id));
      expect(again.remove(keysOf(1), 4)).toBe(0);
      expect(again.remove(keysOf(1), 5)).toBe(0);
      expect(again.remove(keysOf(1), 6)).toBe(1);
      expect(() => again.remove(keysOf(1), 6)).toThrow('does not rise');
    });

    it('leaves rows alone that were updated after the choice, and marks pages with the record all the same', () => {
      const table = createRowTable(testTable({ dim: 1 }));
      table.push(keysOf(1, 2), Float32Array.of(1, 2), 1);
      table.push(keysOf(2), Float32Array.of(1), 7);
      expect(table.remove(keysOf(1, 2), 9, 6)).toBe(1);
      expect(pulled(table, 1, 2)).toEqual([0, 3]);
      expect([...table.pages(8)].length).toBe(1);
      const ids = [...table.pages(0)];
      expect(ids.flatMap((id) => [...table.rowSeqs(id)]).filter((seq) => seq > 0)).toEqual([7]);
    });

    it('keeps pages that have no row left', () => {
      const table = createRowTable(testTable({ dim: 1 }));
      table.push(keysOf(1), Float32Array.of(1), 1);
      const { pageCounts } = table;
      table.remove(keysOf(1), 2);
      expect(table.pageCounts).toEqual(pageCounts);
      const again = createRowTable(table.spec);
      for (const id of table.pages(0)) again.loadPage(table.readPage(id));
      expect(again).toMatchObject({ rows: 0, seq: 2, pageCounts });
    });

    it('agrees with a Map through any pushes and removals', () => {
      const step = fc.record({ remove: fc.boolean(), keys: fc.array(fc.nat(300), { maxLength: 120 }) });
      fc.assert(
        fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
          const table = createRowTable(testTable({ dim: 1 }));
          const model = new Map<number, number>();
          for (const [i, { remove, keys }] of steps.entries()) {
            const absent = new Set(keys.filter((key) => !model.has(key)));
            expect(table.absent(keysOf(...new Set(keys)))).toBe(absent.size);
            if (remove) expect(table.remove(keysOf(...keys), i + 1)).toBe(new Set(keys).size - absent.size);
            else table.push(keysOf(...keys), new Float32Array(keys.length).fill(1), i + 1);
            for (const key of keys) {
              if (remove) model.delete(key);
              else model.set(key, (model.get(key) ?? 0) + 1);
            }
          }
          expect(table.rows).toBe(model.size);
          const all = Array.from({ length: 301 }, (_, key) => key);
          expect(pulled(table, ...all)).toEqual(all.map((key) => model.get(key) ?? 0));
        }),
        { numRuns: 50 },
      );
    });
  });

  describe('stale', () => {
    it('are the rows not updated since, in calls of any size', () => {
      const pushes = fc.array(fc.array(fc.nat(60), { minLength: 1, maxLength: 12 }), { maxLength: 25 });
      fc.assert(
        fc.property(pushes, fc.nat(30), fc.integer({ min: 1, max: 15 }), (all, upToSeq, rowsMax) => {
          const table = createRowTable(testTable({ dim: 1 }));
          const seqs = new Map<number, number>();
          for (const [i, keys] of all.entries()) {
            table.push(keysOf(...keys), new Float32Array(keys.length), i + 1);
            for (const key of keys) seqs.set(key, i + 1);
          }
          const found: number[] = [];
          let from: ChangePosition | undefined;
          do {
            const { keys, next } = table.stale(upToSeq, from, rowsMax);
            expect(keys.length / 2).toBeLessThanOrEqual(rowsMax);
            for (let i = 0; i < keys.length; i += 2) found.push(keys[i]!);
            from = next;
          } while (from !== undefined);
          const expected = [...seqs].filter(([, seq]) => seq <= upToSeq).map(([key]) => key);
          expect(found.sort((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b));
        }),
        { numRuns: 50 },
      );
    });
  });

  describe('reconfigure', () => {
    it('changes how rows are updated from then on, new ones too, and nothing else', () => {
      const definition = (learningRate: number, initialAccumulator = 0.25) =>
        testTable({ dim: 1, optimizer: { ...OPTIMIZERS.adagrad, learningRate, initialAccumulator } });
      const table = createRowTable(definition(0.1));
      table.push(keysOf(1), Float32Array.of(1), 1);
      const before = pulled(table, 1);
      table.reconfigure(definition(0.5, 3));
      expect(table.spec).toEqual(definition(0.5, 3));
      expect(pulled(table, 1)).toEqual(before);
      table.push(keysOf(2), Float32Array.of(1), 2);
      expect(pulled(table, 2)).toEqual([-0.25]);
    });

    it('refuses a definition of other rows', () => {
      const table = createRowTable(testTable({ dim: 1 }));
      expect(() => table.reconfigure(testTable({ dim: 2 }))).toThrow('other rows');
      expect(() => table.reconfigure(testTable({ dim: 1, initializer: CONSTANT }))).toThrow('other rows');
      const sgd = testTable({ dim: 1, optimizer: OPTIMIZERS.sgd });
      expect(() => table.reconfigure(sgd)).toThrow('other rows');
    });
  });

  describe('pages', () => {
    it('are dirty from the seq of their newest row', () => {
      const table = createRowTable(testTable({ dim: 1 }));
      table.push(keysOf(1, 2, 3, 4, 5, 6, 7, 8), new Float32Array(8), 1);
      table.push(keysOf(3), Float32Array.of(1), 2);
      expect([...table.pages(0)].length).toBeGreaterThan(1);
      expect([...table.pages(1)].length).toBe(1);
      expect([...table.pages(2)]).toEqual([]);
    });
  });

  describe('the bits of a table', () => {
    // Whatever computes rows must give these; a change of arithmetic, initializers or layout shows here.
    it.each([
      ['assign', 'b55412ee7df80268'],
      ['sum', 'c65e334c29551164'],
      ['sgd', '52546672bc1a25a3'],
      ['momentum', 'e22f27470ddc5e56'],
      ['adagrad', '135cf0487a43a523'],
      ['adam', 'da23cacf210b05c6'],
      ['ftrl', 'd17b291df4677ab9'],
    ] as const)('%s: are the golden ones', (name, golden) => {
      const { UNIFORM, ZERO } = InitializerKind;
      const initializer = { kind: name === 'ftrl' ? ZERO : UNIFORM, low: -0.5, high: 0.5 };
      const clip = name === 'assign' ? {} : { gradientClip: 1.25 };
      const table = createRowTable(testTable({ dim: 5, optimizer: OPTIMIZERS[name], initializer, ...clip }));
      for (let seq = 1; seq <= 30; seq++) {
        const keys = Array.from({ length: 20 }, (_, i) => (seq * i * 7919) % 101);
        const values = Float32Array.from({ length: 100 }, (_, i) => ((seq * (i + 1) * 31) % 97) / 37 - 1.3);
        table.push(keysOf(...keys), values, seq);
      }
      const hashes = Array.from(table.pages(0), (id) => xxHash64OfBytes(table.readPage(id)));
      expect(hashes.reduce((sum, hash) => BigInt.asUintN(64, sum * 31n + hash)).toString(16)).toBe(golden);
    });
  });
});
