import { type PackedKeys, SPAN_LINKS_MAX, type SpanContext, TraceSample } from '@weir/proto';
import { describe, expect, it } from 'vitest';
import { TRACED_ROWS_MAX } from './limits.ts';
import { TracedRows } from './traced-rows.ts';

const change = (number: number): SpanContext => ({
  traceId: 'a'.repeat(32),
  spanId: number.toString(16).padStart(16, '0'),
  traceFlags: 1,
});

const keys = (from: number, count = 1): PackedKeys =>
  Uint32Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? from + i / 2 : 0));

function used(rows: TracedRows, asked: PackedKeys): SpanContext[] {
  const changes = new TraceSample();
  rows.use(asked, changes);
  return [...changes.contexts];
}

describe('rows changed by sampled pushes', () => {
  it('tell the first answer that uses one which change it was, and no later one', () => {
    const rows = new TracedRows();
    rows.add(change(1), keys(10, 2));
    rows.add(change(2), keys(20));
    expect(used(rows, keys(11))).toEqual([change(1)]);
    expect(used(rows, keys(11))).toEqual([]);
    expect(used(rows, keys(10, 11))).toEqual([change(1), change(2)]);
  });

  it('know only the newest change of a row', () => {
    const rows = new TracedRows();
    rows.add(change(1), keys(1));
    rows.add(change(2), keys(1));
    expect(used(rows, keys(1))).toEqual([change(2)]);
  });

  it('never name a change that is not the one they saw', () => {
    const rows = new TracedRows();
    for (let i = 1; i <= 3 * SPAN_LINKS_MAX; i++) rows.add(change(i), keys(i));
    for (let i = 1; i <= 3 * SPAN_LINKS_MAX; i++) {
      expect(used(rows, keys(i))).toEqual(i > 2 * SPAN_LINKS_MAX ? [change(i)] : []);
    }
  });

  it('hold a bounded number of rows', () => {
    const rows = new TracedRows();
    rows.add(change(1), keys(1));
    rows.add(change(2), keys(2, TRACED_ROWS_MAX));
    expect(used(rows, keys(1))).toEqual([]);
    expect(used(rows, keys(2))).toEqual([change(2)]);
  });
});
