// Rows of a push with sources that are passed over so that its ranges can advance: those that are not finite, and new
// keys for which a table has no room. They are counted by reason, and listed by their index in the push as it was sent.
import { bytesOf, type PackedKeys } from '@weir/proto';
import type { SkippedRows as SkippedMessage } from '@weir/proto/v1/parameter_server';
import { SKIPPED_LISTED_MAX } from './limits.ts';
import type { PushRecordPart } from './log-record.ts';

export type SkipReason = 'NOT_FINITE' | 'TABLE_FULL';

interface Skipped {
  readonly tableUid: string;
  readonly code: SkipReason;
  /** Rising. */
  readonly rows: readonly number[];
}

export class SkippedRows {
  readonly #skipped: Skipped[] = [];

  get counts(): readonly { readonly code: SkipReason; readonly rows: number }[] {
    return this.#skipped.map(({ code, rows }) => ({ code, rows: rows.length }));
  }

  /** @param rows indexes into the table's part as it was sent, rising. */
  notFinite(tableUid: string, rows: readonly number[]): void {
    this.#skipped.push({ tableUid, code: 'NOT_FINITE', rows });
  }

  /** @param rows indexes into the part without the rows that are not finite, rising. */
  full(tableUid: string, rows: readonly number[]): void {
    const before = this.#skipped.find((skipped) => skipped.tableUid === tableUid)?.rows ?? [];
    let shift = 0;
    const asSent = rows.map((row) => {
      while (shift < before.length && before[shift]! <= row + shift) shift++;
      return row + shift;
    });
    this.#skipped.push({ tableUid, code: 'TABLE_FULL', rows: asSent });
  }

  /** For the acknowledgement of push `number`; SKIPPED_LISTED_MAX indexes altogether. */
  messages(number: number): SkippedMessage[] {
    let room = SKIPPED_LISTED_MAX;
    return this.#skipped.map(({ tableUid, code, rows }) => {
      const keys = bytesOf(Uint32Array.from(rows.slice(0, room)));
      room -= Math.min(room, rows.length);
      return { number, tableUid, code, keys, rows: rows.length };
    });
  }
}

/** The part without these rows, which rise. */
export function withoutRows(part: PushRecordPart, rows: readonly number[]): PushRecordPart {
  const count = part.keys.length / 2;
  const dim = part.values.length / count;
  const keys = new Uint32Array(2 * (count - rows.length));
  const values = new Float32Array((count - rows.length) * dim);
  let from = 0;
  let to = 0;
  for (const row of [...rows, count]) {
    keys.set(part.keys.subarray(2 * from, 2 * row), 2 * to);
    values.set(part.values.subarray(from * dim, row * dim), to * dim);
    to += row - from;
    from = row + 1;
  }
  return { ...part, keys, values };
}

/**
 * Where rows of a part stood before some of its rows were taken out, by their keys, which kept their order.
 * @param rows indexes into `kept`, rising.
 */
export function placesBefore(all: PackedKeys, kept: PackedKeys, rows: readonly number[]): number[] {
  if (all.length === kept.length) return [...rows];
  let at = -1;
  const places: number[] = [];
  for (let row = 0, next = 0; next < rows.length; row++) {
    do at++;
    while (all[2 * at] !== kept[2 * row] || all[2 * at + 1] !== kept[2 * row + 1]);
    if (row !== rows[next]) continue;
    places.push(at);
    next++;
  }
  return places;
}
