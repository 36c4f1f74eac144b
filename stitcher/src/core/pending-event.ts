// A behaviour event between its arrival and the verdict on it.
import { crc32 } from 'node:zlib';
import type { BehaviourEvent } from '@weir/proto/v1/records';

export interface PendingEvent {
  /** In the behaviour stream: the order in which events are judged. */
  readonly offset: number;
  /** The record as it came. */
  readonly value: Uint8Array;
  readonly event: BehaviourEvent;
  /** Event time; not the event's own where that was clamped. */
  readonly timeMs: number;
  /** Watermark of the behaviour stream when the event came. */
  readonly arrivalWatermarkMs: number;
  /** Index into the plan's labels. */
  readonly label: number;
  /** See `Input`; not kept where the event waits on disk only. */
  readonly trace?: string | undefined;
}

/** Of what a caller says happened; not of when the collector took it in, which differs between repeats. */
export function eventContentHash({ event, timeMs }: PendingEvent): number {
  return crc32(`${event.type}\n${event.docId}\n${timeMs}\n${event.value}`);
}
