// Everything that is stored in a shard's folder, read and judged: what is wrong is named, all of it and not only the first.
import { TableSpec } from '@weir/proto/v1/tables';
import type { Entry, Store } from '@weir/store';
import { ClientNumbers } from '../../core/client-numbers.ts';
import { decodeLogRecord, type LogRecord } from '../../core/log-record.ts';
import { replaySources } from '../../core/replay-sources.ts';
import { unseal } from '../../core/sealed.ts';
import { decodeIdentity } from '../../core/shard-identity.ts';
import { SourceOffsets } from '../../core/source-offsets.ts';
import { decodeSourceEntries } from '../../core/source-state.ts';
import { decodePage } from '../../kernel/page.ts';
import { RECOVERY_READ_ENTRIES, VERIFY_PROBLEMS_MAX } from '../../limits.ts';
import {
  ACQUIRED_RANGE,
  CLIENTS_KEY,
  DROPPED_RANGE,
  IDENTITY_KEY,
  LOG,
  LOW_MARK_KEY,
  META,
  PAGES,
  pageIdOfKey,
  ROWS,
  SKETCHES,
  SOURCES_KEY,
  seqOfKey,
  TABLE_RANGE,
  TOMBSTONES,
  uidOfDroppedKey,
} from './families.ts';
import { decodeLowMark, FIRST_LOW_MARK, type LowMark } from './low-mark.ts';
import type { Problem, VerifyReport } from './verify-report.ts';

interface CheckedTable {
  readonly spec: TableSpec;
  readonly stripes: Map<number, number>;
  pages: number;
  pageBytes: number;
}

export class FolderCheck {
  readonly #progress: (bytes: number) => void;
  readonly #problems: Problem[] = [];
  readonly #tables = new Map<string, CheckedTable>();
  readonly #dropped = new Set<string>();
  #problemCount = 0;
  #bytes = 0;
  #shard: string | undefined;
  #epoch: number | undefined;
  #mark: LowMark = FIRST_LOW_MARK;
  #sources = new SourceOffsets();
  #nextSeq = 1;
  #records = 0;
  #logBytes = 0;

  constructor(progress: (bytes: number) => void) {
    this.#progress = progress;
  }

  problem(where: string, what: string): void {
    this.#problemCount++;
    if (this.#problems.length < VERIFY_PROBLEMS_MAX) this.#problems.push({ where, what });
  }

  report(): VerifyReport {
    const tables = [...this.#tables.values()].map(({ spec, pages, pageBytes }) => {
      return { name: spec.name, pages, pageBytes };
    });
    return {
      shard: this.#shard,
      epoch: this.#epoch,
      lowMark: this.#mark.seq,
      nextSeq: this.#nextSeq,
      records: this.#records,
      logBytes: this.#logBytes,
      tables,
      problems: this.#problems,
      problemCount: this.#problemCount,
    };
  }

  async run(store: Store): Promise<void> {
    await this.#meta(store);
    await this.#pages(store);
    await this.#log(store);
    for (const family of [ROWS, SKETCHES, TOMBSTONES]) {
      await this.#family(store, family, ({ value }) => {
        this.#attempt(`family ${family}`, () => unseal(value, 255, `an entry of family ${family}`));
      });
    }
  }

  async #meta(store: Store): Promise<void> {
    const read = async (key: Uint8Array, what: string, take: (bytes: Uint8Array) => void) => {
      try {
        const bytes = await store.get(META, key);
        if (bytes !== undefined) take(bytes);
        else if (key === IDENTITY_KEY) this.problem(what, 'is missing: the folder does not say whose it is');
      } catch (error) {
        this.problem(what, messageOf(error));
      }
    };
    await read(IDENTITY_KEY, 'identity', (bytes) => {
      const { id, epoch } = decodeIdentity(bytes);
      this.#shard = id;
      this.#epoch = epoch;
    });
    await read(LOW_MARK_KEY, 'low mark', (bytes) => {
      this.#mark = decodeLowMark(bytes);
    });
    await read(CLIENTS_KEY, "clients' numbers", (bytes) => void ClientNumbers.restore(bytes));
    await read(SOURCES_KEY, 'source offsets', (bytes) => {
      this.#sources = SourceOffsets.restore(bytes);
    });
    await this.#family(
      store,
      META,
      ({ value }) => this.#attempt('acquired partitions', () => decodeSourceEntries(value)),
      ACQUIRED_RANGE,
    );
    await this.#family(store, META, ({ key }) => this.#dropped.add(uidOfDroppedKey(key)), DROPPED_RANGE);
    await this.#family(
      store,
      META,
      ({ value }) =>
        this.#attempt('a table definition', () => {
          const spec = TableSpec.decode(value);
          this.#tables.set(spec.uid, { spec, stripes: new Map(), pages: 0, pageBytes: 0 });
        }),
      TABLE_RANGE,
    );
  }

  async #pages(store: Store): Promise<void> {
    const unknown = new Set<string>();
    await this.#family(store, PAGES, ({ key, value }) => {
      const uid = Buffer.from(key.subarray(0, key.length - 9)).toString('utf8');
      // A round passes over the rest of a table that is dropped meanwhile, and recovery over all of it.
      if (this.#dropped.has(uid)) return;
      const { stripe, page } = pageIdOfKey(key);
      const table = this.#tables.get(uid);
      if (table === undefined) {
        if (!unknown.has(uid)) {
          unknown.add(uid);
          this.problem(`table uid ${uid}`, 'has pages, but no definition');
        }
        return;
      }
      const where = `table ${table.spec.name}, stripe ${stripe}, page ${page}`;
      const expected = table.stripes.get(stripe) ?? 0;
      if (page !== expected) this.problem(where, `page ${expected} was expected: pages are missing`);
      table.stripes.set(stripe, page + 1);
      table.pages++;
      table.pageBytes += value.byteLength;
      this.#attempt(where, () => {
        const content = decodePage(uid, table.spec.name, value);
        if (content.stripe !== stripe || content.page !== page) {
          this.problem(where, `holds stripe ${content.stripe}, page ${content.page}`);
        }
      });
    });
    for (const [uid, counts] of Object.entries(this.#mark.pages)) {
      const table = this.#tables.get(uid);
      if (table === undefined || this.#dropped.has(uid)) continue;
      for (const [stripe, count] of counts.entries()) {
        const found = table.stripes.get(stripe) ?? 0;
        if (found >= count) continue;
        const what = `its pages end at ${found}, but there were ${count} at the low mark`;
        this.problem(`table ${table.spec.name}, stripe ${stripe}`, what);
      }
    }
  }

  async #log(store: Store): Promise<void> {
    this.#nextSeq = this.#mark.seq;
    await this.#family(store, LOG, ({ key, value }) => {
      const seq = seqOfKey(key);
      const where = `log record ${seq}`;
      if (seq < this.#mark.seq) this.problem(where, `lies below the low mark ${this.#mark.seq}`);
      else if (seq !== this.#nextSeq)
        this.problem(where, `record ${this.#nextSeq} was expected: records are missing`);
      this.#nextSeq = Math.max(this.#nextSeq, seq + 1);
      this.#records++;
      this.#logBytes += value.byteLength;
      this.#attempt(where, () => {
        const record = decodeLogRecord(value, seq);
        replaySources(record, this.#sources);
        for (const uid of uidsOf(record)) {
          if (!this.#tables.has(uid) && !this.#dropped.has(uid)) {
            this.problem(where, `names table ${uid}, whose definition is missing`);
          }
        }
      });
    });
  }

  /** Every entry; what the engine says of damage in its table files becomes a problem. */
  async #family(
    store: Store,
    family: string,
    take: (entry: Entry) => void,
    range: object = {},
  ): Promise<void> {
    try {
      const entries = store.range(family, { ...range, readEntries: RECOVERY_READ_ENTRIES });
      for await (const entry of entries) {
        this.#bytes += entry.key.byteLength + entry.value.byteLength;
        this.#progress(this.#bytes);
        take(entry);
      }
    } catch (error) {
      this.problem(`family ${family}`, `cannot be read any further: ${messageOf(error)}`);
    }
  }

  #attempt(where: string, check: () => void): void {
    try {
      check();
    } catch (error) {
      this.problem(where, messageOf(error));
    }
  }
}

function uidsOf(record: LogRecord): string[] {
  switch (record.kind) {
    case 'push':
      return record.parts.map(({ tableUid }) => tableUid);
    case 'create':
    case 'alter':
      return [record.spec.uid];
    case 'drop':
    case 'remove':
      return [record.tableUid];
    default:
      return [];
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
