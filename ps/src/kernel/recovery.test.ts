// Pages taken at random times plus the log from the low mark on give back the same bytes.

import { bytesOf as bytesOfWords } from '@weir/proto';
import { InitializerKind } from '@weir/proto/v1/tables';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KERNELS } from '../kernel-wasm/test-kernels.ts';
import { decodePage } from './page.ts';
import type { PageId, RowTable } from './row-table.ts';
import { keysOf, OPTIMIZERS, testTable } from './test-tables.ts';

describe.each(KERNELS)('%s kernel', (kernel, createRowTable) => {
  interface LogEntry {
    readonly seq: number;
    readonly keys: Uint32Array;
    /** Undefined: the keys are removed. */
    readonly values: Float32Array | undefined;
  }

  /** Materialisation as a shard does it: page by page between pushes; the low mark moves when a round is through. */
  class Shard {
    table: RowTable;
    readonly log: LogEntry[] = [];
    readonly stored = new Map<string, Uint8Array>();
    lowMark = 1;
    #round: { readonly pages: Iterator<PageId>; readonly upTo: number } | undefined;

    constructor(table: RowTable) {
      this.table = table;
    }

    push(numbers: readonly number[], gradient: number): void {
      const seq = this.log.length + 1;
      const keys = keysOf(...numbers);
      const values = new Float32Array(numbers.length * this.table.spec.dim).map(
        (_, i) => gradient + (i % 7) / 8,
      );
      this.log.push({ seq, keys, values });
      this.table.push(keys, values, seq);
    }

    remove(numbers: readonly number[]): void {
      const seq = this.log.length + 1;
      const keys = keysOf(...numbers);
      this.log.push({ seq, keys, values: undefined });
      this.table.remove(keys, seq);
    }

    crash(): void {
      this.table = this.recovered();
      this.#round = undefined;
    }

    /** Writes up to so many pages of the round in progress, or of a new one. */
    writePages(count: number): void {
      this.#round ??= {
        pages: this.table.pages(this.lowMark - 1)[Symbol.iterator](),
        upTo: this.table.seq,
      };
      for (let i = 0; i < count; i++) {
        const { value: id, done } = this.#round.pages.next();
        if (done) {
          this.lowMark = this.#round.upTo + 1;
          this.#round = undefined;
          return;
        }
        this.stored.set(`${id.stripe}/${id.page}`, this.table.readPage(id));
      }
    }

    /** The table as it would come up after a crash now. */
    recovered(): RowTable {
      const table = createRowTable(this.table.spec);
      for (const page of this.stored.values()) table.loadPage(page);
      for (const { seq, keys, values } of this.log) {
        if (seq < this.lowMark) continue;
        if (values === undefined) table.remove(keys, seq);
        else table.replay(keys, values, seq);
      }
      return table;
    }
  }

  function bytesOf(table: RowTable): [PageId, Uint8Array][] {
    return Array.from(table.pages(0), (id) => [id, table.readPage(id)]);
  }

  /** Key -> its row's bytes, seq included. */
  function rowsOf(table: RowTable): Map<string, string> {
    const { dim, uid, name } = table.spec;
    const rows = new Map<string, string>();
    for (const [, page] of bytesOf(table)) {
      const { words, stride } = decodePage(uid, name, page);
      for (let at = 0; at < words.length; at += stride) {
        const row = words.subarray(at, at + stride);
        if (row[2] === 0 && row[3] === 0) continue;
        expect(row.length).toBeGreaterThan(dim);
        expect(rows.has(`${row[0]}`)).toBe(false);
        rows.set(`${row[0]}`, Buffer.from(bytesOfWords(row)).toString('base64'));
      }
    }
    expect(rows.size).toBe(table.rows);
    return rows;
  }

  const push = fc.record({
    kind: fc.constant('push' as const),
    keys: fc.array(fc.nat(120), { minLength: 1, maxLength: 8 }),
    gradient: fc.float({ min: -2, max: 2, noNaN: true }),
  });
  const write = fc.record({ kind: fc.constant('write' as const), pages: fc.integer({ min: 1, max: 12 }) });
  const steps = fc.array(fc.oneof({ weight: 2, arbitrary: push }, { weight: 1, arbitrary: write }), {
    minLength: 1,
    maxLength: 60,
    size: 'max',
  });

  describe('recovery', () => {
    // A little over 16 KiB a row: two rows a page, so that few keys fill many pages, and rounds meet half-filled ones.
    it.each([
      ['assign', 4096],
      ['sum', 4096],
      ['sgd', 4096],
      ['momentum', 2048],
      ['adagrad', 2048],
      ['adam', 1365],
      ['ftrl', 1366],
    ] as const)('%s: equals what was lost, bit for bit', (name, dim) => {
      const initializer = name === 'ftrl' ? {} : { kind: InitializerKind.UNIFORM, low: -1, high: 1 };
      const spec = testTable({ dim, optimizer: OPTIMIZERS[name], initializer });
      fc.assert(
        fc.property(steps, (all) => {
          const shard = new Shard(createRowTable(spec));
          for (const step of all) {
            if (step.kind === 'push') shard.push(step.keys, step.gradient);
            else shard.writePages(step.pages);
          }
          const recovered = shard.recovered();
          expect(recovered.rows).toBe(shard.table.rows);
          const expected = bytesOf(shard.table);
          const got = bytesOf(recovered);
          expect(got.map(([id]) => id)).toEqual(expected.map(([id]) => id));
          for (const [i, [, page]] of got.entries()) expect(Buffer.compare(page, expected[i]![1])).toBe(0);
        }),
        { numRuns: 25 },
      );
    });

    it('gives back the rows, removed ones excepted, after crashes at any time', () => {
      const keys = fc.array(fc.nat(40), { minLength: 1, maxLength: 8 });
      const step = fc.oneof(
        { weight: 4, arbitrary: push },
        { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), keys }) },
        { weight: 2, arbitrary: write },
        { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
      );
      const initializer = { kind: InitializerKind.UNIFORM, low: -1, high: 1 };
      const spec = testTable({ dim: 2048, optimizer: OPTIMIZERS.adagrad, initializer });
      fc.assert(
        fc.property(fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }), (all) => {
          const shard = new Shard(createRowTable(spec));
          const undisturbed = new Shard(createRowTable(spec));
          for (const one of all) {
            if (one.kind === 'write') shard.writePages(one.pages);
            else if (one.kind === 'crash') shard.crash();
            else {
              for (const each of [shard, undisturbed]) {
                if (one.kind === 'push')
                  each.push(
                    one.keys.map((key) => key % 41),
                    one.gradient,
                  );
                else each.remove(one.keys);
              }
            }
          }
          expect(rowsOf(shard.table)).toEqual(rowsOf(undisturbed.table));
          expect(rowsOf(shard.recovered())).toEqual(rowsOf(undisturbed.table));
        }),
        // A table of the WebAssembly kernel is much to make for so few rows.
        { numRuns: kernel === 'wasm' ? 15 : 60 },
      );
    });

    it('applies every update of a row within a record, or none', () => {
      const table = createRowTable(testTable({ dim: 1 }));
      table.push(keysOf(1), Float32Array.of(1), 1);
      const pages = bytesOf(table).map(([, page]) => page);
      const recovered = createRowTable(table.spec);
      for (const page of pages) recovered.loadPage(page);
      // Record 1 is in the page; 2 and 3 are not; key 2 is new.
      expect(recovered.replay(keysOf(1, 1), Float32Array.of(10, 10), 1)).toBe(0);
      expect(recovered.replay(keysOf(1, 2, 1, 2), Float32Array.of(10, 1, 100, 2), 2)).toBe(4);
      expect(recovered.replay(keysOf(1), Float32Array.of(1000), 3)).toBe(1);
      const out = new Float32Array(2);
      recovered.pull(keysOf(1, 2), out);
      expect([...out]).toEqual([1111, 3]);
      expect(recovered.seq).toBe(3);
    });

    it('leaves rows alone that were loaded with a later seq', () => {
      const table = createRowTable(testTable({ dim: 1, optimizer: OPTIMIZERS.assign }));
      table.push(keysOf(1), Float32Array.of(1), 1);
      table.push(keysOf(1), Float32Array.of(2), 2);
      const recovered = createRowTable(table.spec);
      for (const [, page] of bytesOf(table)) recovered.loadPage(page);
      expect(recovered.replay(keysOf(1), Float32Array.of(1), 1)).toBe(0);
      expect([...recovered.pages(1)].length).toBe(1);
      expect(bytesOf(recovered)).toEqual(bytesOf(table));
    });

    it('takes records in log order, each once', () => {
      const table = createRowTable(testTable({ dim: 1 }));
      table.replay(keysOf(1), Float32Array.of(1), 4);
      expect(() => table.replay(keysOf(1), Float32Array.of(1), 4)).toThrow('does not rise');
      table.push(keysOf(1), Float32Array.of(1), 5);
      expect(table.seq).toBe(5);
    });
  });
});
