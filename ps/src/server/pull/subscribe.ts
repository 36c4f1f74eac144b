// From training to serving: one subscriber's view of a table kept equal to the shard's. First a snapshot (unless
// its cursor can be continued), then every interval the rows that changed since, found by the rows' seq and so
// coalesced by nature. The shard keeps nothing about the subscriber but its current call.
//
// What always holds: `up_to` = P is sent only after every row changed up to P was sent in its value at P or a
// later one, and every row removed up to P as a tombstone, unless it was pushed again.
import { setTimeout as delay } from 'node:timers/promises';
import { bytesOf, KEY_BYTES, type PackedKeys, SLOT_COUNT, slotOf, WeirError } from '@weir/proto';
import type { Cursor, Delta, SubscribeRequest } from '@weir/proto/v1/parameter_server';
import { DELTA_BYTES, DELTA_INTERVAL_DEFAULT_MS, DELTA_INTERVAL_MAX_MS } from '../../limits.ts';
import type { ShardCounters } from '../counters.ts';
import { type Incarnation, lastSeqOf } from '../log/incarnations.ts';
import { Slice } from '../slices.ts';
import { TableScan } from '../spill/table-scan.ts';
import type { LiveTable } from '../tables/live-table.ts';
import type { Tables } from '../tables/tables.ts';
import { beginDeltaTraces, NO_DELTA_TRACES } from './delta-traces.ts';

export interface SubscribeParts {
  readonly tables: Tables;
  readonly shard: string;
  /** Of the log; the last one is the current one. */
  readonly incarnations: readonly Incarnation[];
  readonly counters: ShardCounters;
  /** Every record up to this position is durable and applied. */
  appliedSeq(): number;
}

/** Sends one message; resolves when the subscriber can take the next. */
export type SendDelta = (delta: Delta) => Promise<void>;

/**
 * Runs until the signal aborts.
 * @throws WeirError TABLE_NOT_FOUND (also when the table is dropped meanwhile), INVALID_ARGUMENT.
 */
export async function subscribe(
  request: SubscribeRequest,
  shard: SubscribeParts,
  send: SendDelta,
  signal: AbortSignal,
): Promise<void> {
  const intervalMs = checkedInterval(request.intervalMs);
  const subscription = new Subscription(request, shard, send, signal);
  await subscription.begin();
  while (!signal.aborted) {
    await delay(intervalMs, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await subscription.follow();
  }
}

class Subscription {
  readonly #shard: SubscribeParts;
  readonly #send: SendDelta;
  readonly #signal: AbortSignal;
  readonly #table: LiveTable;
  /** 1 where wanted; undefined: all slots. */
  readonly #slots: Uint8Array | undefined;
  readonly #continued: number | undefined;
  #seq = 0;

  constructor(request: SubscribeRequest, shard: SubscribeParts, send: SendDelta, signal: AbortSignal) {
    this.#shard = shard;
    this.#send = send;
    this.#signal = signal;
    const table = shard.tables.get(request.tableUid);
    if (table === undefined) throw notFound(request.tableUid);
    this.#table = table;
    this.#slots = wantedSlots(request.slots);
    this.#continued = this.#continuation(request.cursor);
  }

  async begin(): Promise<void> {
    if (this.#continued === undefined) await this.#sendChanges(true);
    else this.#seq = this.#continued;
  }

  async follow(): Promise<void> {
    if (this.#shard.tables.get(this.#table.spec.uid) !== this.#table) throw notFound(this.#table.spec.name);
    const { changedSeq, tombstones, spill } = this.#table;
    const floor = Math.max(tombstones.floor, spill?.changesFloor ?? 0);
    if (this.#seq < floor) await this.#sendChanges(true);
    else if (changedSeq > this.#seq) await this.#sendChanges(false);
  }

  async #sendChanges(snapshot: boolean): Promise<void> {
    const { spec, origins, traced } = this.#table;
    const upTo = this.#shard.appliedSeq();
    const rowsMax = Math.max(1, Math.floor(DELTA_BYTES / (KEY_BYTES + 4 * spec.dim)));
    const since = snapshot ? 0 : this.#seq;
    // Before the rows: a key that was removed and pushed again since is among both.
    if (!snapshot) await this.#sendTombstones(since, upTo);
    const scan = new TableScan(this.#table, since);
    let last = false;
    let first = true;
    do {
      const slice = await Slice.begin('subscriber');
      let changes = scan.next(rowsMax);
      if (changes instanceof Promise) {
        slice.end();
        const found = await changes;
        // What was sent is no harm: the snapshot replaces it.
        if (found === undefined) return this.#sendChanges(true);
        changes = found;
      }
      const { keys, weights } = this.#wanted(changes.keys, changes.weights);
      last = changes.last;
      if (keys.length > 0 || last || (snapshot && first)) {
        const traces =
          last && !snapshot
            ? beginDeltaTraces(traced.between(since, upTo), spec.name, (changed) => this.#wantedKeys(changed))
            : NO_DELTA_TRACES;
        const sent = this.#send({
          keys: bytesOf(keys),
          weights: bytesOf(weights),
          tombstones: NONE,
          upTo: last ? this.#cursor(upTo) : undefined,
          snapshot,
          snapshotStart: snapshot && first,
          originTimeMs: last && !snapshot ? origins.oldest(since, upTo) : 0,
          traced: traces.messages,
        });
        slice.end();
        await sent;
        traces.end();
        this.#shard.counters.deltaRows += keys.length / 2;
        first = false;
      } else slice.end();
    } while (!last && !this.#signal.aborted);
    this.#seq = upTo;
  }

  async #sendTombstones(since: number, upTo: number): Promise<void> {
    for (const { keys } of this.#table.tombstones.between(since, upTo)) {
      for (let at = 0; at < keys.length && !this.#signal.aborted; at += DELTA_BYTES / 4) {
        const gone = this.#wantedKeys(keys.subarray(at, at + DELTA_BYTES / 4));
        if (gone.length === 0) continue;
        const tombstones = bytesOf(gone);
        await this.#send({ ...NO_CHANGES, tombstones });
        this.#shard.counters.deltaTombstones += gone.length / 2;
      }
    }
  }

  #wantedKeys(keys: PackedKeys): PackedKeys {
    const slots = this.#slots;
    return slots === undefined
      ? keys
      : keys.filter((_, i) => slots[slotOf(keys[i & ~1]!, keys[i | 1]!)] === 1);
  }

  #wanted(keys: PackedKeys, weights: Float32Array): { keys: PackedKeys; weights: Float32Array } {
    if (this.#slots === undefined) return { keys, weights };
    const { dim } = this.#table.spec;
    let kept = 0;
    for (let i = 0; 2 * i < keys.length; i++) {
      const low = keys[2 * i]!;
      const high = keys[2 * i + 1]!;
      if (this.#slots[slotOf(low, high)] === 0) continue;
      keys[2 * kept] = low;
      keys[2 * kept + 1] = high;
      weights.copyWithin(kept * dim, i * dim, (i + 1) * dim);
      kept++;
    }
    return { keys: keys.subarray(0, 2 * kept), weights: weights.subarray(0, kept * dim) };
  }

  #cursor(seq: number): Cursor {
    const { shard, incarnations } = this.#shard;
    const logIncarnation = incarnations.at(-1)!.id;
    return { tableUid: this.#table.spec.uid, shard, logIncarnation, seq };
  }

  /** Where the cursor goes on; undefined when it cannot and a snapshot is due. */
  #continuation(cursor: Cursor | undefined): number | undefined {
    if (cursor === undefined) return undefined;
    const { shard, incarnations, appliedSeq } = this.#shard;
    const last = lastSeqOf(incarnations, cursor.logIncarnation) ?? -1;
    const continues =
      cursor.tableUid === this.#table.spec.uid &&
      cursor.shard === shard &&
      cursor.seq <= Math.min(last, appliedSeq());
    return continues ? cursor.seq : undefined;
  }
}

function wantedSlots(packed: Uint8Array): Uint8Array | undefined {
  if (packed.byteLength === 0) return undefined;
  if (packed.byteLength % 2 !== 0) throw new WeirError('INVALID_ARGUMENT', 'slots: packed u16 expected');
  const wanted = new Uint8Array(SLOT_COUNT);
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  for (let at = 0; at < packed.byteLength; at += 2) {
    const slot = view.getUint16(at, true);
    if (slot >= SLOT_COUNT)
      throw new WeirError('INVALID_ARGUMENT', `slot ${slot} is above ${SLOT_COUNT - 1}`);
    wanted[slot] = 1;
  }
  return wanted;
}

function checkedInterval(intervalMs: number): number {
  if (intervalMs > DELTA_INTERVAL_MAX_MS) {
    const message = `interval_ms is at most ${DELTA_INTERVAL_MAX_MS}`;
    throw new WeirError('INVALID_ARGUMENT', message);
  }
  return intervalMs === 0 ? DELTA_INTERVAL_DEFAULT_MS : intervalMs;
}

function notFound(table: string): WeirError {
  return new WeirError('TABLE_NOT_FOUND', `no table ${table} on this shard`, { table });
}

const NONE = new Uint8Array(0);
const NO_CHANGES: Delta = {
  keys: NONE,
  weights: NONE,
  tombstones: NONE,
  upTo: undefined,
  snapshot: false,
  snapshotStart: false,
  originTimeMs: 0,
  traced: [],
};
