// Tables are created, altered and dropped by records of the push log, one change at a time, each checked against what the
// one before left behind.
import { WeirError } from '@weir/proto';
import type {
  AlterTableResponse,
  CreateTableResponse,
  DropTableResponse,
} from '@weir/proto/v1/parameter_server';
import { TableSpec } from '@weir/proto/v1/tables';
import { alteredSpec } from '../../core/alter-table.ts';
import { encodeLogRecord } from '../../core/log-record.ts';
import { sameDefinition, validateTableSpec } from '../../core/table-spec.ts';
import { TABLES_MAX } from '../../limits.ts';
import { droppedKey, tableKey } from '../folder/families.ts';
import type { LogEntry } from '../log/log-entry.ts';
import type { PushLog } from '../log/push-log.ts';
import type { Tables } from './tables.ts';

export class TableAdmin {
  readonly #tables: Tables;
  readonly #log: PushLog;
  #last: Promise<unknown> = Promise.resolve();

  constructor(tables: Tables, log: PushLog) {
    this.#tables = tables;
    this.#log = log;
  }

  /**
   * Idempotent per uid: a known uid returns what is stored.
   * @throws WeirError INVALID_ARGUMENT, UNIMPLEMENTED, TABLE_EXISTS, STORAGE_FAILED.
   */
  create(asked: TableSpec | undefined): Promise<CreateTableResponse> {
    return this.#inTurn(async () => {
      if (asked === undefined) throw new WeirError('INVALID_ARGUMENT', 'spec is missing');
      const spec = validateTableSpec(asked);
      const known = this.#known(spec);
      if (known !== undefined) return { spec: known, created: false };
      await this.#logged({
        bytes: 0,
        encode: (seq) => encodeLogRecord({ kind: 'create', seq, spec }),
        meta: { key: tableKey(spec.uid), value: TableSpec.encode(spec).finish() },
        apply: () => this.#tables.add(spec),
      });
      return { spec, created: true };
    });
  }

  /**
   * Gives a table another definition: what is pushed from here on is updated by it.
   * @param asked the whole definition.
   * @throws WeirError TABLE_NOT_FOUND, INVALID_ARGUMENT (naming what cannot change), STORAGE_FAILED.
   */
  alter(asked: TableSpec | undefined): Promise<AlterTableResponse> {
    return this.#inTurn(async () => {
      if (asked === undefined) throw new WeirError('INVALID_ARGUMENT', 'spec is missing');
      const table = this.#tables.get(asked.uid);
      if (table === undefined) {
        const message = `no table ${asked.name} with uid "${asked.uid}" on this shard`;
        throw new WeirError('TABLE_NOT_FOUND', message, { table: asked.name });
      }
      const spec = alteredSpec(table.spec, asked);
      if (sameDefinition(table.spec, spec)) return { spec: table.spec, altered: false };
      await this.#logged({
        bytes: 0,
        encode: (seq) => encodeLogRecord({ kind: 'alter', seq, spec }),
        apply: (seq) => table.alter(spec, seq),
      });
      return { spec, altered: true };
    });
  }

  /** Rows go with it. Dropping an unknown uid does nothing. */
  drop(tableUid: string): Promise<DropTableResponse> {
    return this.#inTurn(async () => {
      if (this.#tables.get(tableUid) === undefined) return { dropped: false };
      await this.#logged({
        bytes: 0,
        encode: (seq) => encodeLogRecord({ kind: 'drop', seq, tableUid }),
        meta: { key: droppedKey(tableUid), value: EMPTY },
        // Pushes that were valid when they came may wait behind it: until the low mark is above them too, the
        // table must be known as dropped.
        apply: () => this.#tables.drop(tableUid, this.#log.submittedSeq),
      });
      return { dropped: true };
    });
  }

  #known(spec: TableSpec): TableSpec | undefined {
    const details = { table: spec.name };
    const sameUid = this.#tables.get(spec.uid)?.spec;
    if (sameUid !== undefined) {
      if (sameUid.name === spec.name && sameDefinition(sameUid, spec)) return sameUid;
      const message = `uid ${spec.uid} belongs to table ${sameUid.name} with another definition`;
      throw new WeirError('TABLE_EXISTS', message, details);
    }
    if (this.#tables.named(spec.name) !== undefined) {
      const message = `table ${spec.name} exists already, under another uid`;
      throw new WeirError('TABLE_EXISTS', message, details);
    }
    if (this.#tables.isDropped(spec.uid)) {
      const message = `table ${spec.name}: uid ${spec.uid} was dropped; draw a new one`;
      throw new WeirError('INVALID_ARGUMENT', message, details);
    }
    if (this.#tables.size >= TABLES_MAX) {
      const message = `table ${spec.name}: a shard holds at most ${TABLES_MAX} tables; drop one first`;
      throw new WeirError('INVALID_ARGUMENT', message, details);
    }
    return undefined;
  }

  #logged(entry: Omit<LogEntry, 'refuse'>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#log.submit({
        ...entry,
        apply: (seq) => {
          entry.apply(seq);
          resolve();
        },
        refuse: reject,
      });
    });
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(change, change);
    this.#last = result;
    return result;
  }
}

const EMPTY = new Uint8Array(0);
