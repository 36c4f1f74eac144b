import { describe, expect, it } from 'vitest';
import { seal } from '../core/sealed.ts';
import { KERNELS } from '../kernel-wasm/test-kernels.ts';
import type { RowTable } from './row-table.ts';
import { keysOf, OPTIMIZERS, testTable } from './test-tables.ts';

describe.each(KERNELS)('%s kernel', (_kernel, createRowTable) => {
  const spec = testTable({ dim: 3, optimizer: OPTIMIZERS.adagrad });

  function filled(table = createRowTable(spec)): RowTable {
    const keys = Array.from({ length: 50 }, (_, i) => i);
    table.push(
      keysOf(...keys),
      new Float32Array(50 * table.spec.dim).map((_, i) => i / 7),
      1,
    );
    return table;
  }

  function pagesOf(table: RowTable): Uint8Array[] {
    return Array.from(table.pages(0), (id) => table.readPage(id));
  }

  const failure = (code: string, message: RegExp) =>
    expect.objectContaining({ code, message: expect.stringMatching(message) });

  describe('a page', () => {
    it('brings its rows back, to the bit, in any order of pages and at any alignment', () => {
      const pages = pagesOf(filled());
      const loaded = createRowTable(spec);
      for (const [i, page] of pages.toReversed().entries()) {
        const memory = Buffer.alloc(page.length + i);
        memory.set(page, i);
        loaded.loadPage(memory.subarray(i));
      }
      expect(loaded).toMatchObject({ rows: 50, seq: 1 });
      expect(pagesOf(loaded)).toEqual(pages);
    });

    it('is a copy: later pushes do not change it', () => {
      const table = filled();
      const [page] = pagesOf(table);
      const before = Uint8Array.from(page!);
      table.push(keysOf(...Array.from({ length: 50 }, (_, i) => i)), new Float32Array(150).fill(1), 2);
      expect(page).toEqual(before);
    });

    it('is CORRUPT with any bit flipped', () => {
      const [page] = pagesOf(filled());
      for (let at = 0; at < page!.length; at += 5) {
        const flipped = Uint8Array.from(page!);
        flipped[at]! ^= 1 << (at % 8);
        expect(() => createRowTable(spec).loadPage(flipped)).toThrow(
          failure('CORRUPT', /default\/test.*checksum/),
        );
      }
    });

    it('is CORRUPT when cut short', () => {
      const [page] = pagesOf(filled());
      for (const length of [0, 7, 8, 39, 40, page!.length - 4]) {
        expect(() => createRowTable(spec).loadPage(page!.subarray(0, length))).toThrow(
          failure('CORRUPT', /default\/test/),
        );
      }
    });

    it('is CORRUPT in another table, also one of another width or optimizer', () => {
      const [page] = pagesOf(filled());
      const other = createRowTable(testTable({ dim: 3, optimizer: OPTIMIZERS.adagrad, uid: 'other' }));
      expect(() => other.loadPage(page!)).toThrow(failure('CORRUPT', /of another table/));
      const wider = createRowTable(testTable({ dim: 4, optimizer: OPTIMIZERS.adagrad }));
      expect(() => wider.loadPage(page!)).toThrow(failure('CORRUPT', /no such page/));
      const stateless = createRowTable(testTable({ dim: 3, optimizer: OPTIMIZERS.sgd }));
      expect(() => stateless.loadPage(page!)).toThrow(failure('CORRUPT', /no such page/));
    });

    it('is CORRUPT when it comes twice or holds keys of other stripes', () => {
      const [first, second] = pagesOf(filled());
      const table = createRowTable(spec);
      table.loadPage(first!);
      expect(() => table.loadPage(first!)).toThrow(failure('CORRUPT', /comes twice/));
      // The first stripe's rows under the second stripe's number.
      const misplaced = Uint8Array.from(first!);
      misplaced.set(second!.subarray(24, 28), 24);
      expect(() => createRowTable(spec).loadPage(seal(misplaced, 2, 1))).toThrow(
        failure('CORRUPT', /does not belong/),
      );
    });

    it('is refused when a newer Weir wrote it', () => {
      const [page] = pagesOf(filled());
      expect(() => createRowTable(spec).loadPage(seal(Uint8Array.from(page!), 3, 1))).toThrow(
        failure('CONFIGURATION', /format 3.*start a newer Weir/),
      );
    });

    it('is loaded before any push only', () => {
      const [page] = pagesOf(filled());
      expect(() => filled().loadPage(page!)).toThrow('before any push');
    });
  });
});
