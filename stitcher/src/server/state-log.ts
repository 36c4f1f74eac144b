// The state of one partition as a log in the streams: every step is appended to it, under the generation of its owner,
// before anybody sees what it gave and before the local store has it. So the log is the state, and whoever reads it to
// its end after a fence goes on from there. It is kept short by carrying the state on, now and then.
import { WeirError } from '@weir/proto';
import type { Store, WriteBatch } from '@weir/store';
import type { Producer, StreamsClient } from '@weir/streams/client';
import { STATE_PIECE_BYTES } from '../core/limits.ts';
import { encodeStateBatch } from '../core/state-batch.ts';
import { STATE_STREAM } from '../pipeline-streams.ts';
import { appendUntilTaken } from './append-until-taken.ts';
import { CarriedState } from './carried-state.ts';
import { CARRIED_BYTES_MAX, CARRIED_BYTES_MIN, STATE_LOG_BYTES_MIN, STATE_LOG_FACTOR } from './limits.ts';
import { type LogPosition, putPosition } from './log-position.ts';
import type { RestoredState, RestoreOptions } from './restore-state.ts';
import { applyChanges, StateChanges } from './state-changes.ts';
import type { StateWriter, WrittenStep } from './state-writer.ts';

/** In bytes. */
export interface StateLogBounds {
  /** A shorter log is left as it is. */
  readonly logMin: number;
  readonly carriedMin: number;
  readonly carriedMax: number;
  readonly piece: number;
}

export interface StateLogOptions extends RestoreOptions {
  readonly restored: RestoredState;
  readonly bounds?: StateLogBounds;
  /** The log could not be trimmed: it is longer than it need be. */
  readonly warn: (error: unknown, message: string) => void;
}

const BOUNDS: StateLogBounds = {
  logMin: STATE_LOG_BYTES_MIN,
  carriedMin: CARRIED_BYTES_MIN,
  carriedMax: CARRIED_BYTES_MAX,
  piece: STATE_PIECE_BYTES,
};

interface Carrying {
  readonly state: CarriedState;
  /** Where the first step with a part of it stands; undefined before it is appended. */
  firstOffset: number | undefined;
  /** Of the log since then. */
  logBytes: number;
}

export class StateLog implements StateWriter {
  readonly #options: StateLogOptions;
  readonly #client: StreamsClient;
  readonly #store: Store;
  readonly #producer: Producer;
  readonly #bounds: StateLogBounds;
  #position: LogPosition;
  #lastSequence: number;
  #lastBytes = 0;
  #carrying: Carrying | undefined;

  constructor(options: StateLogOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#store = options.store;
    this.#producer = options.producer;
    this.#bounds = options.bounds ?? BOUNDS;
    this.#position = options.restored.position;
    this.#lastSequence = options.restored.lastSequence;
  }

  /** With a part of the state to carry on, if that is due. */
  async begin(): Promise<WriteBatch> {
    const { logBytes, stateBytes } = this.#position;
    const { logMin, carriedMin, carriedMax } = this.#bounds;
    const changes = new StateChanges();
    if (logBytes > Math.max(logMin, STATE_LOG_FACTOR * stateBytes)) {
      this.#carrying ??= {
        state: new CarriedState(this.#store, this.#options.partition),
        firstOffset: undefined,
        logBytes: 0,
      };
    }
    const bytesMax = Math.min(carriedMax, Math.max(carriedMin, this.#lastBytes));
    await this.#carrying?.state.next(changes, bytesMax);
    return changes;
  }

  write(batch: WriteBatch): WrittenStep {
    const changes = batch as StateChanges;
    this.#lastBytes = changes.bytes;
    const stands = this.#append(changes);
    return { stands, stored: stands.then(() => this.#storeLocally(changes)) };
  }

  async #append({ carried, changes }: StateChanges): Promise<void> {
    const { settings, partition, signal } = this.#options;
    const all = carried.length === 0 ? changes : [...carried, ...changes];
    const records = encodeStateBatch({ settings, changes: all }, this.#bounds.piece);
    let firstOffset: number | undefined;
    let bytes = 0;
    let offset = this.#position.offset;
    for (const value of records) {
      const producer = { ...this.#producer, firstSequence: this.#lastSequence + 1 };
      const append = { stream: STATE_STREAM, partition, producer, records: [{ value }] };
      const result = await appendUntilTaken(this.#client, append, signal);
      if (result === undefined)
        throw new WeirError('CANCELLED', `the state log of partition ${partition} is given up`);
      this.#lastSequence++;
      // Nobody else appends: also after a repeat, the end is behind this record.
      offset = result.endOffset;
      firstOffset ??= offset - 1;
      bytes += value.length;
    }
    this.#grown(firstOffset!, offset, bytes);
  }

  #grown(firstOffset: number, offset: number, bytes: number): void {
    this.#position = { ...this.#position, offset, logBytes: this.#position.logBytes + bytes };
    const carrying = this.#carrying;
    if (carrying === undefined) return;
    carrying.firstOffset ??= firstOffset;
    carrying.logBytes += bytes;
    if (!carrying.state.isDone) return;
    this.#carrying = undefined;
    this.#position = { ...this.#position, logBytes: carrying.logBytes, stateBytes: carrying.state.bytes };
    const { partition, signal, warn } = this.#options;
    this.#client.trim(STATE_STREAM, partition, carrying.firstOffset, { signal }).catch((error: unknown) => {
      if (!signal.aborted) warn(error, `trim of ${STATE_STREAM}/${partition}`);
    });
  }

  async #storeLocally({ changes }: StateChanges): Promise<void> {
    const batch = this.#store.batch();
    applyChanges(batch, changes);
    putPosition(batch, this.#options.partition, this.#position);
    await this.#store.write(batch);
  }
}
