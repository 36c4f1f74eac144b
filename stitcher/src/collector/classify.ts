// What becomes of each record of a call: appended, known as a repeat, or left out with a reason. Pure.
import { crc32 } from 'node:zlib';
import { BehaviourEvent, FeatureRecord } from '@weir/proto/v1/records';
import { checkBehaviourEvent } from '../core/check-behaviour-event.ts';
import { checkFeatureRecord } from '../core/check-feature-record.ts';
import type { InputStream } from '../core/counters.ts';
import type { RejectedReason } from '../core/reasons.ts';
import { checkFeatureBlock } from './check-feature-block.ts';
import { FUTURE_REJECT_MS } from './limits.ts';

/** A record on its way in: as decoded, or the bytes of what could not be. */
export type Incoming<R> = { readonly record: R } | { readonly undecodable: Uint8Array };

export interface Classified {
  readonly stream: InputStream;
  /** What decides the partition: the serving id, or the event id of an event that lost it. */
  readonly partitionKey: string;
  readonly servingId: string;
  readonly eventId: string;
  readonly timeMs: number;
  /** Undefined: good. */
  readonly reason: RejectedReason | undefined;
  /** To be appended: to its stream, or within a side record. */
  readonly value: Uint8Array;
  /** Of repeats. */
  readonly id: string;
  readonly contentHash: number;
}

export function classifyFeatures(incoming: Incoming<FeatureRecord>, nowMs: number): Classified {
  if (!('record' in incoming)) return undecodable('features', incoming.undecodable);
  const { record } = incoming;
  const value = encode(FeatureRecord, record);
  const reason =
    value === undefined
      ? 'undecodable'
      : (checkFeatureRecord(record, value.length) ??
        tooFarAhead(record.timeMs, nowMs) ??
        checkFeatureBlock(record.features, record.docIds.length));
  const { servingId, timeMs } = record;
  const bytes = value ?? EMPTY;
  return {
    stream: 'features',
    partitionKey: servingId,
    servingId,
    eventId: '',
    timeMs,
    reason,
    value: bytes,
    id: `f${servingId}`,
    contentHash: crc32(bytes),
  };
}

/** `ingestTimeMs` of the event is set to now; it does not count as content. */
export function classifyEvent(incoming: Incoming<BehaviourEvent>, nowMs: number): Classified {
  if (!('record' in incoming)) return undecodable('behaviour', incoming.undecodable);
  const event = { ...incoming.record, ingestTimeMs: 0 };
  const content = encode(BehaviourEvent, event);
  const reason =
    content === undefined
      ? 'undecodable'
      : (checkBehaviourEvent(event, content.length) ?? tooFarAhead(event.timeMs, nowMs));
  const { servingId, eventId, timeMs } = event;
  return {
    stream: 'behaviour',
    partitionKey: servingId === '' ? eventId : servingId,
    servingId,
    eventId,
    timeMs,
    reason,
    value: encode(BehaviourEvent, { ...event, ingestTimeMs: nowMs }) ?? EMPTY,
    id: `e${servingId.length}:${servingId}${eventId}`,
    contentHash: content === undefined ? 0 : crc32(content),
  };
}

function undecodable(stream: InputStream, value: Uint8Array): Classified {
  const ids = { servingId: '', eventId: '', timeMs: 0 };
  return { stream, partitionKey: '', ...ids, reason: 'undecodable', value, id: '', contentHash: 0 };
}

function tooFarAhead(timeMs: number, nowMs: number): RejectedReason | undefined {
  return timeMs > nowMs + FUTURE_REJECT_MS ? 'time_absurd' : undefined;
}

/** Undefined when a field does not fit its type, as a time with a fraction. */
function encode<R>(
  codec: { encode(record: R): { finish(): Uint8Array } },
  record: R,
): Uint8Array | undefined {
  try {
    return codec.encode(record).finish();
  } catch {
    return undefined;
  }
}

const EMPTY = new Uint8Array(0);
