// What the push log takes: a record to come, and what to do when it is durable, or refused.
import type { WeirError } from '@weir/proto';
import type { Steps } from '../../core/steps.ts';
import type { PushTrace } from '../push/push-trace.ts';
import type { PlacedRecord } from './log-sink.ts';

export interface LogEntry {
  /** Memory that it holds until it is settled; about the size of its record. */
  readonly bytes: number;
  /** The record at this position; its memory stays as it is until the entry is applied. Called once. */
  encode(seq: number): Uint8Array;
  /** Of a sampled push. */
  readonly trace?: PushTrace | undefined;
  /** Meta entries that become durable together with the record. */
  readonly meta?: PlacedRecord['meta'];
  /** The record is durable; called once, before `applySteps`: whether what it needs must come into memory first. */
  ready?(): Promise<void> | undefined;
  /** The record is durable; called once, before `apply`, for what takes longer. Must not throw. */
  applySteps?(seq: number): Steps<void>;
  /** The record is durable; called once, in the order of positions. Must not throw. */
  apply(seq: number): void;
  /** It was never written and never will be. */
  refuse(error: WeirError): void;
}
