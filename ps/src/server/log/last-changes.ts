// Answers what changed rows last, from the log as far as it is kept: read from the newest record back, until every key
// is found. For people who look; one question at a time, in slices, so that pushes and pulls do not wait for it.
import { KEY_BYTES, keysFromBytes, WeirError } from '@weir/proto';
import type { LastChangesRequest, LastChangesResponse } from '@weir/proto/v1/parameter_server';
import type { Store } from '@weir/store';
import { LastChangesScan } from '../../core/last-changes.ts';
import { decodeLogRecord } from '../../core/log-record.ts';
import { LAST_CHANGES_KEYS_MAX, LAST_CHANGES_LOG_BYTES_MAX, RECOVERY_READ_ENTRIES } from '../../limits.ts';
import { LOG, seqKey, seqOfKey } from '../folder/families.ts';
import { overloaded } from '../push/overloaded.ts';
import { Slice } from '../slices.ts';
import type { Tables } from '../tables/tables.ts';
import { type Incarnation, lastSeqOf } from './incarnations.ts';
import type { PushLog } from './push-log.ts';

export interface LastChangesParts {
  readonly store: Store;
  readonly tables: Pick<Tables, 'get'>;
  readonly incarnations: readonly Incarnation[];
  readonly log: Pick<PushLog, 'appliedSeq'>;
}

export class LastChanges {
  readonly #parts: LastChangesParts;
  #busy = false;

  constructor(parts: LastChangesParts) {
    this.#parts = parts;
  }

  /** @throws WeirError TABLE_NOT_FOUND, INVALID_ARGUMENT; OVERLOADED while another question is answered. */
  async find(request: LastChangesRequest): Promise<LastChangesResponse> {
    const { tableUid, logIncarnation } = request;
    if (this.#parts.tables.get(tableUid) === undefined) {
      throw new WeirError('TABLE_NOT_FOUND', `no table ${tableUid} on this shard`, { table: tableUid });
    }
    if (request.keys.byteLength % KEY_BYTES !== 0) {
      const message = `${request.keys.byteLength} bytes of keys; a key has ${KEY_BYTES}`;
      throw new WeirError('INVALID_ARGUMENT', message);
    }
    const keys = keysFromBytes(request.keys);
    if (keys.length / 2 > LAST_CHANGES_KEYS_MAX) {
      const message = `last changes of ${keys.length / 2} keys; at most ${LAST_CHANGES_KEYS_MAX} at a time`;
      throw new WeirError('INVALID_ARGUMENT', message);
    }
    const upTo = this.#upTo(logIncarnation, request.seq);
    if (upTo === undefined) return { changes: [], pushes: [], searchedFrom: 0, searchedTo: 0, lost: true };
    if (this.#busy) throw overloaded('the shard looks for the last changes of other rows');
    this.#busy = true;
    try {
      return await this.#search(new LastChangesScan(tableUid, keys), upTo);
    } finally {
      this.#busy = false;
    }
  }

  /** Undefined where the log does not have the position. */
  #upTo(logIncarnation: string, seq: number): number | undefined {
    const { incarnations, log } = this.#parts;
    if (logIncarnation === '') return log.appliedSeq;
    const last = lastSeqOf(incarnations, logIncarnation);
    return last === undefined || seq > Math.min(last, log.appliedSeq) ? undefined : seq;
  }

  async #search(scan: LastChangesScan, upTo: number): Promise<LastChangesResponse> {
    let searchedFrom = upTo + 1;
    let bytes = 0;
    const range = { lt: seqKey(upTo + 1), reverse: true, readEntries: RECOVERY_READ_ENTRIES };
    const slice = await Slice.begin('last-changes');
    for await (const { key, value } of this.#parts.store.range(LOG, range)) {
      if (slice.over) await slice.next();
      searchedFrom = seqOfKey(key);
      scan.add(decodeLogRecord(value, searchedFrom));
      bytes += value.byteLength;
      if (scan.done || bytes >= LAST_CHANGES_LOG_BYTES_MAX) break;
    }
    slice.end();
    const { pushes } = scan;
    return { changes: scan.changes(searchedFrom), pushes, searchedFrom, searchedTo: upTo, lost: false };
  }
}
