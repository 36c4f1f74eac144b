// The error of a push that ended early after part of it had left: nobody knows yet what was applied.
import { type ErrorCode, WeirError, type WeirErrorDetails } from '@weir/proto';
import type { CallOptions } from './call-scope.ts';

/** A shard's word that its part of a push is applied. */
export interface Ack {
  readonly shard: string;
  /** Log position at which it is applied, or a later one. */
  readonly seq: number;
}

/** What a push that was applied by every shard concerned resolves with. */
export interface PushResult {
  /** One per shard concerned; none for a push without rows. */
  readonly acks: readonly Ack[];
  /**
   * Rows of a push with sources that a shard passed over, so that its ranges could advance; of very many, the first ones.
   * A shard tells them once: a push that comes again, because the answer was lost, is not told them.
   */
  readonly skipped: readonly SkippedRow[];
  /** How many there are. */
  readonly skippedRows: number;
}

/** A row of a push with sources that a shard passed over. */
export interface SkippedRow {
  readonly shard: string;
  readonly table: string;
  /** NOT_FINITE, or TABLE_FULL for a new key. */
  readonly code: ErrorCode;
  /** Within the caller's keys for the table. */
  readonly keyIndex: number;
}

/**
 * OUTCOME_UNKNOWN: a push ended early (deadline, signal, `close`) after some of it had been sent. Every part is applied once or
 * not at all; `retry()` finds out, as often as it takes.
 */
export class OutcomeUnknownError extends WeirError {
  override readonly name: string = 'OutcomeUnknownError';
  /** Shards that applied their part. */
  readonly acks: readonly Ack[];
  /** Shards whose part may or may not be applied. */
  readonly shards: readonly string[];
  readonly #retry: (options: CallOptions) => Promise<PushResult>;

  constructor(
    message: string,
    acks: readonly Ack[],
    shards: readonly string[],
    retry: (options: CallOptions) => Promise<PushResult>,
    details: WeirErrorDetails,
  ) {
    super('OUTCOME_UNKNOWN', message, details);
    this.acks = acks;
    this.shards = shards;
    this.#retry = retry;
  }

  /**
   * Goes on with the same push under its numbers, so that each shard applies it once however often this is
   * called; while one retry is under way, another joins it, and its options. Without it, parts that were sent are
   * still delivered when their shard comes back.
   * @throws OutcomeUnknownError when it ends early once more, and what a push throws.
   */
  retry(options: CallOptions = {}): Promise<PushResult> {
    return this.#retry(options);
  }
}
