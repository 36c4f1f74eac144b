// One table of the shard: its definition, its rows, and what is known about rows that are not there. Changed only by log
// records, in log order; replaying a record does what applying it did.
import { keyCount, type PackedKeys, type SpanContext } from '@weir/proto';
import { AdmissionKind, type TableSpec } from '@weir/proto/v1/tables';
import { keepHeapSmall } from '@weir/runtime';
import type { Store } from '@weir/store';
import { admitting } from '../../core/admission.ts';
import { CountSketch } from '../../core/count-sketch.ts';
import type { PushRecordPart, RemoveRecord } from '../../core/log-record.ts';
import { STEP_VALUES, type Steps } from '../../core/steps.ts';
import { Tombstones } from '../../core/tombstones.ts';
import type { RowTable } from '../../kernel/row-table.ts';
import { TOMBSTONE_BYTES_MAX } from '../../limits.ts';
import { SpilledRows } from '../spill/spilled-rows.ts';
import { Origins } from './origins.ts';
import { TracedChanges } from './traced-changes.ts';

/** What finding a row costs an update, in values. */
const ROW_COST_VALUES = 12;

export class LiveTable {
  readonly rows: RowTable;
  readonly origins = new Origins();
  readonly traced = new TracedChanges();
  /** The rows that are not in memory; undefined where all are. */
  readonly spill: SpilledRows | undefined;
  #tombstones = new Tombstones(TOMBSTONE_BYTES_MAX);
  #spec: TableSpec;
  #sketch: CountSketch | undefined;
  #alteredSeq = 0;
  /** Rows that pushes on their way through the log may still make. */
  #promisedRows = 0;

  /** @param store where rows go for which there is no place in memory. */
  constructor(spec: TableSpec, rows: RowTable, store: Store | undefined) {
    this.#spec = spec;
    this.rows = rows;
    if (spec.memoryRowsMax > 0 && store !== undefined) {
      this.spill = new SpilledRows(store, rows);
      keepHeapSmall();
    }
    this.#sketch = sketchFor(spec, undefined);
  }

  get spec(): TableSpec {
    return this.#spec;
  }

  /** Position of the last change of the definition; 0: none since the definition that the folder has. */
  get alteredSeq(): number {
    return this.#alteredSeq;
  }

  /** Counts what is not admitted; undefined where nothing is counted. */
  get sketch(): CountSketch | undefined {
    return this.#sketch;
  }

  get tombstones(): Tombstones {
    return this.#tombstones;
  }

  /** Rows of the table, in memory or not. */
  get rowCount(): number {
    return this.spill?.rowsTotal ?? this.rows.rows;
  }

  /** No row has changed after this position. */
  get changedSeq(): number {
    return Math.max(this.rows.seq, this.#tombstones.lastSeq, this.spill?.changesFloor ?? 0);
  }

  /** What of a push applies, and what is only counted. @param draw see core/admission.ts. */
  admitting(part: PushRecordPart, draw: number): Steps<PushRecordPart> {
    const absent = (keys: PackedKeys, flags: Uint8Array) => this.rows.absent(keys, flags);
    return admitting(part, { spec: this.#spec, sketch: this.#sketch, absent }, draw);
  }

  /**
   * Promises room for the rows that a push of these keys may make, until `releaseRows`. Keys that have rows need none.
   * Returns how many; undefined, and promises nothing, when there is no room.
   */
  *promisingRows(keys: PackedKeys): Steps<number | undefined> {
    let rows = keyCount(keys);
    if (!this.rows.room(this.#promisedRows + rows)) {
      rows = 0;
      for (let at = 0; at < keys.length; at += STEP_VALUES) {
        if (at > 0) yield;
        rows += this.rows.absent(keys.subarray(at, at + STEP_VALUES));
      }
      if (rows > 0 && !this.rows.room(this.#promisedRows + rows)) return undefined;
    }
    this.#promisedRows += rows;
    return rows;
  }

  releaseRows(rows: number): void {
    this.#promisedRows -= rows;
  }

  /** Applies a push to the rows; then comes `pushed`. */
  *pushing({ keys, values }: PushRecordPart, seq: number): Steps<void> {
    const { dim } = this.#spec;
    const stepRows = Math.max(1, Math.floor(STEP_VALUES / (dim + ROW_COST_VALUES)));
    const rows = keyCount(keys);
    for (let from = 0; from < rows; from += stepRows) {
      if (from > 0) yield;
      const to = Math.min(rows, from + stepRows);
      const someValues = values.subarray(from * dim, to * dim);
      this.rows.push(keys.subarray(2 * from, 2 * to), someValues, seq, from > 0);
    }
  }

  /** The push is in the rows. @param trace of a sampled one. */
  pushed({ keys, counted }: PushRecordPart, seq: number, originTimeMs: number, trace?: SpanContext): void {
    this.#sketch?.count(counted);
    this.origins.add(seq, originTimeMs);
    if (trace !== undefined) this.traced.add(seq, trace, keys);
    this.spill?.makePlace();
  }

  /** As `pushing` and `pushed`, to rows whose seq, as loaded, is below the record's. */
  replay(part: PushRecordPart, seq: number, originTimeMs: number): void {
    if (part.keys.length > 0) this.rows.replay(part.keys, part.values, seq);
    this.pushed(part, seq, originTimeMs);
  }

  /** Live and in replay. Returns how many rows went. */
  remove({ keys, seq, upToSeq }: RemoveRecord): number {
    const removed = (this.spill ?? this.rows).remove(keys, seq, upToSeq);
    this.#tombstones.add(seq, this.#absentOf(keys));
    return removed;
  }

  alter(spec: TableSpec, seq: number): void {
    this.rows.reconfigure(spec);
    this.#sketch = sketchFor(spec, this.#sketch);
    this.#spec = spec;
    this.#alteredSeq = seq;
    this.spill?.makePlace();
  }

  /** As saved; before any record is replayed. */
  restoreTombstones(tombstones: Tombstones): void {
    this.#tombstones = tombstones;
  }

  /** Without the keys that were pushed again before their removal took effect, and so have a row. */
  #absentOf(keys: PackedKeys): PackedKeys {
    const flags = new Uint8Array(keys.length / 2);
    const count = this.rows.absent(keys, flags);
    if (count === flags.length) return keys.slice();
    const absent = new Uint32Array(2 * count);
    let to = 0;
    for (let i = 0; i < flags.length; i++) {
      if (flags[i] === 0) continue;
      absent[to++] = keys[2 * i]!;
      absent[to++] = keys[2 * i + 1]!;
    }
    return absent;
  }
}

/** What was counted goes on counting under another threshold. */
function sketchFor(spec: TableSpec, current: CountSketch | undefined): CountSketch | undefined {
  if (spec.admission?.kind !== AdmissionKind.COUNT) return undefined;
  return current ?? new CountSketch(spec.seed);
}
