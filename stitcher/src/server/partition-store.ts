// Reads and writes of one partition's state, by family. Values: requests as JSON skeletons, templates and outbox
// entries in Protobuf, waiting events as their arrival watermark and label followed by their bytes.
import { WeirError } from '@weir/proto';
import { BehaviourEvent } from '@weir/proto/v1/records';
import type { Store, WriteBatch } from '@weir/store';
import type { JoinStep } from '../core/join-step.ts';
import { decodeOpenRequest, encodeOpenRequest, type OpenRequest } from '../core/open-request.ts';
import type { PendingEvent } from '../core/pending-event.ts';
import { decodeOutboxEntry, type OutboxEntry } from './outbox.ts';
import { decodePartitionState, encodePartitionState, type PartitionState } from './partition-state.ts';
import {
  parseRequestKey,
  parseWaitingKey,
  partitionBound,
  requestKey,
  spilledKey,
  timeBound,
  u64Bytes,
  u64Of,
  waitingKey,
} from './state-keys.ts';

const WAITING_HEADER_BYTES = 10;

export class PartitionStore {
  readonly #store: Store;
  readonly #partition: number;

  constructor(store: Store, partition: number) {
    this.#store = store;
    this.#partition = partition;
  }

  async readState(): Promise<PartitionState | undefined> {
    const bytes = await this.#store.get('meta', partitionBound(this.#partition));
    return bytes === undefined ? undefined : decodePartitionState(bytes);
  }

  /** Skeletons with exposures in [fromMs, toMs), by (time, id); without `toMs`, all from `fromMs` on. */
  async *requests(fromMs: number, toMs?: number): AsyncIterable<OpenRequest> {
    const lt = toMs === undefined ? partitionBound(this.#partition + 1) : timeBound(this.#partition, toMs);
    for await (const { key, value } of this.#store.range('requests', {
      gte: timeBound(this.#partition, fromMs),
      lt,
    })) {
      const { timeMs, servingId } = parseRequestKey(key);
      yield decodeOpenRequest(timeMs, servingId, value);
    }
  }

  /** Of the serving ids, those that were spilled. */
  async spilledRequests(servingIds: readonly string[]): Promise<OpenRequest[]> {
    const times = await this.#store.getMany(
      'spilled',
      servingIds.map((id) => spilledKey(this.#partition, id)),
    );
    const found = servingIds.flatMap((servingId, i) => {
      const time = times[i];
      return time === undefined ? [] : [{ servingId, timeMs: u64Of(time) }];
    });
    const keys = found.map(({ timeMs, servingId }) => requestKey(this.#partition, timeMs, servingId));
    const values = await this.#store.getMany('requests', keys);
    return found.map(({ timeMs, servingId }, i) =>
      decodeOpenRequest(timeMs, servingId, present(values[i], servingId)),
    );
  }

  async templates(requests: readonly OpenRequest[]): Promise<[servingId: string, template: Uint8Array][]> {
    const keys = requests.map(({ timeMs, servingId }) => requestKey(this.#partition, timeMs, servingId));
    const values = await this.#store.getMany('templates', keys);
    return requests.map(({ servingId }, i) => [servingId, present(values[i], servingId)]);
  }

  async waitingEvents(): Promise<PendingEvent[]> {
    const events: PendingEvent[] = [];
    for await (const { key, value } of this.#store.range('waiting', this.#all())) {
      const bytes = value.subarray(WAITING_HEADER_BYTES);
      events.push({
        ...parseWaitingKey(key),
        value: bytes,
        event: BehaviourEvent.decode(bytes),
        arrivalWatermarkMs: u64Of(value),
        label: Buffer.from(value.buffer, value.byteOffset).readUInt16BE(8),
      });
    }
    return events;
  }

  async outbox(): Promise<OutboxEntry[]> {
    const entries: OutboxEntry[] = [];
    for await (const { key, value } of this.#store.range('outbox', this.#all())) {
      entries.push(decodeOutboxEntry(key, value));
    }
    return entries;
  }

  putState(batch: WriteBatch, state: PartitionState): void {
    batch.put('meta', partitionBound(this.#partition), encodePartitionState(state));
  }

  putStep(batch: WriteBatch, step: JoinStep): void {
    for (const request of step.requests)
      batch.put('requests', this.#key(request), encodeOpenRequest(request));
    for (const [request, template] of step.templates) batch.put('templates', this.#key(request), template);
    for (const { timeMs, offset, arrivalWatermarkMs, label, value } of step.waitingAdded) {
      const bytes = Buffer.allocUnsafe(WAITING_HEADER_BYTES + value.length);
      bytes.set(u64Bytes(arrivalWatermarkMs));
      bytes.writeUInt16BE(label, 8);
      bytes.set(value, WAITING_HEADER_BYTES);
      batch.put('waiting', waitingKey(this.#partition, timeMs, offset), bytes);
    }
    for (const { timeMs, offset } of step.waitingGone) {
      batch.delete('waiting', waitingKey(this.#partition, timeMs, offset));
    }
  }

  putSpilled(batch: WriteBatch, requests: readonly OpenRequest[]): void {
    for (const { servingId, timeMs } of requests) {
      batch.put('spilled', spilledKey(this.#partition, servingId), u64Bytes(timeMs));
    }
  }

  deleteSpilled(batch: WriteBatch, servingId: string): void {
    batch.delete('spilled', spilledKey(this.#partition, servingId));
  }

  /** Removes what has exposures in [fromMs, toMs). */
  deleteBetween(batch: WriteBatch, family: 'requests' | 'templates', fromMs: number, toMs: number): void {
    batch.deleteRange(family, timeBound(this.#partition, fromMs), timeBound(this.#partition, toMs));
  }

  #key({ timeMs, servingId }: OpenRequest): Uint8Array {
    return requestKey(this.#partition, timeMs, servingId);
  }

  #all(): { gte: Uint8Array; lt: Uint8Array } {
    return { gte: partitionBound(this.#partition), lt: partitionBound(this.#partition + 1) };
  }
}

function present(value: Uint8Array | undefined, servingId: string): Uint8Array {
  if (value !== undefined) return value;
  throw new WeirError(
    'CORRUPT',
    `the stitcher's folder has lost a part of request '${servingId}'; restore it from a copy`,
  );
}
