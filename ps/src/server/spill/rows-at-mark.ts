// How many rows the tables had at the low mark that do not keep all of them in memory, and whether the folder has any:
// what recovery knows of them before it needs one.
import { WeirError } from '@weir/proto';
import type { Store } from '@weir/store';
import { z } from 'zod';
import { fromJson, META, ROWS, ROWS_AT_MARK_KEY, rowRange, toJson } from '../folder/families.ts';
import type { Tables } from '../tables/tables.ts';

const schema = z.record(z.string(), z.int().nonnegative());

/** As of now. */
export function encodeRowsAtMark(tables: Tables): Uint8Array {
  const spilled = tables.list().filter(({ spill }) => spill !== undefined);
  return toJson(Object.fromEntries(spilled.map(({ spec, rowCount }) => [spec.uid, rowCount])));
}

/** Before the log is replayed. @throws WeirError CORRUPT. */
export async function restoreSpilled(store: Store, tables: Tables): Promise<void> {
  const counts = decode(await store.get(META, ROWS_AT_MARK_KEY));
  for (const { spec, spill } of tables.list()) {
    if (spill === undefined) continue;
    for await (const _ of store.range(ROWS, { ...rowRange(spec.uid), limit: 1 })) {
      spill.restore(counts[spec.uid] ?? 0);
    }
  }
}

function decode(bytes: Uint8Array | undefined): Readonly<Record<string, number>> {
  if (bytes === undefined) return {};
  try {
    return schema.parse(fromJson(bytes));
  } catch (cause) {
    const message = 'the numbers of rows cannot be read; restore the folder from a copy';
    throw new WeirError('CORRUPT', message, { cause });
  }
}
