// Rows of a table that were not updated for long, among those that stand in the store.

import type { PackedKeys } from '@weir/proto';
import type { Store } from '@weir/store';
import { ENVELOPE_BYTES } from '../../core/sealed.ts';
import { RECOVERY_READ_ENTRIES } from '../../limits.ts';
import { keyOfRow, ROWS, rowRange } from '../folder/families.ts';
import { Slice } from '../slices.ts';
import type { LiveTable } from '../tables/live-table.ts';

/**
 * Keys, at most `rowsMax` at a time, of rows whose stored seq is `upToSeq` or below. What memory has of such a row may be
 * newer: whoever removes it says how new it may be.
 */
export async function* staleStoredRows(
  store: Store,
  { spec }: LiveTable,
  upToSeq: number,
  rowsMax: number,
): AsyncGenerator<PackedKeys> {
  const slice = await Slice.begin('expiry');
  let keys: number[] = [];
  const range = { ...rowRange(spec.uid), readEntries: RECOVERY_READ_ENTRIES };
  for await (const { key, value } of store.range(ROWS, range)) {
    const seq = new DataView(value.buffer, value.byteOffset).getFloat64(ENVELOPE_BYTES, true);
    if (seq <= upToSeq) {
      const { low, high } = keyOfRow(key);
      keys.push(low, high);
    }
    if (keys.length === 2 * rowsMax) {
      slice.end();
      yield Uint32Array.from(keys);
      keys = [];
      await slice.next();
    } else if (slice.over) await slice.next();
  }
  slice.end();
  if (keys.length > 0) yield Uint32Array.from(keys);
}
