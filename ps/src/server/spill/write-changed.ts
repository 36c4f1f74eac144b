// A round's part for a table whose rows stand in the store one by one: every row that has changed is written, and every
// one that was removed is deleted.
import type { ChangePosition, RowTable } from '../../kernel/row-table.ts';
import { LOOK_UP_ROWS } from '../../limits.ts';
import { Slice } from '../slices.ts';
import type { StoredRows } from './stored-rows.ts';

/** See SpilledRows.writeChanged. @param midRecord set while a record is applied in part. */
export async function writeChanged(
  rows: RowTable,
  stored: StoredRows,
  midRecord: () => Promise<void> | undefined,
  sinceSeq: number,
  goOn: (next: ChangePosition) => boolean,
): Promise<void> {
  let position: ChangePosition | undefined;
  let through = false;
  const removals = stored.removals;
  const memory = new ArrayBuffer(4 * LOOK_UP_ROWS * rows.imageWords);
  while (!through || stored.hasRemoved(removals)) {
    const slice = await Slice.begin('round');
    const recordWhole = midRecord();
    if (recordWhole !== undefined) {
      slice.end();
      await recordWhole;
      continue;
    }
    if (!goOn(position ?? BEGINNING)) {
      slice.end();
      return;
    }
    if (through) {
      slice.end();
      await stored.write(NO_ROWS);
      continue;
    }
    const { keys, next } = rows.changes(sinceSeq, position, LOOK_UP_ROWS);
    const writing = stored.write(rows.imagesOf(keys, memory));
    slice.end();
    await writing;
    position = next ?? position;
    through = next === undefined;
  }
}

const NO_ROWS = new Uint32Array();
const BEGINNING: ChangePosition = { stripe: 0, page: 0, row: 0 };
