// Rows of several tables brought into memory for one record.
import type { PackedKeys } from '@weir/proto';
import type { SpilledRows } from './spilled-rows.ts';

/** Of a record: the keys that it changes in a table. */
interface ChangedKeys {
  readonly tableUid: string;
  readonly keys: PackedKeys;
}

interface SpilledTables {
  get(uid: string): { readonly spill: SpilledRows | undefined } | undefined;
}

/**
 * Undefined: all rows are in memory, as far as there are any. In the turn in which it resolves they are.
 * @throws WeirError CORRUPT, StoreError.
 */
export function takeInAll(parts: readonly ChangedKeys[], tables: SpilledTables): Promise<void> | undefined {
  for (const { tableUid, keys } of parts) {
    const spill = tables.get(tableUid)?.spill;
    const waiting = spill?.takeInToChange(keys);
    if (waiting === undefined) continue;
    if (parts.length === 1) return waiting;
    // Of several tables the first one's rows may have left while the next one's came. A failure is met in there.
    waiting.catch(() => undefined);
    return takeInTogether(parts, tables);
  }
  return undefined;
}

async function takeInTogether(parts: readonly ChangedKeys[], tables: SpilledTables): Promise<void> {
  const held: SpilledRows[] = [];
  try {
    for (const { tableUid, keys } of parts) {
      const spill = tables.get(tableUid)?.spill;
      if (spill === undefined) continue;
      await spill.takeInToChange(keys);
      spill.hold();
      held.push(spill);
    }
  } finally {
    for (const spill of held) spill.letGo();
  }
}
