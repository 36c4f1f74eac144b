// What a shard counts since it started: plain numbers, so that counting costs nothing on the hot paths.
// instruments.ts shows them to Prometheus, DescribeShard to clients.
import type { RemoveReason } from '../core/log-record.ts';
import type { SkippedRows } from '../core/skipped-rows.ts';

export class ShardCounters {
  pushes = 0;
  pushRows = 0;
  duplicates = 0;
  pullRows = 0;
  /** Updates of keys that were not admitted. */
  heldUpdates = 0;
  expiredRows = 0;
  evictedRows = 0;
  deltaRows = 0;
  deltaTombstones = 0;
  subscribers = 0;
  /** Records of dropped tables that were skipped: in replay, or logged before and applied after the drop. */
  skippedRecords = 0;
  rounds = 0;
  roundPages = 0;
  storageFailures = 0;
  /** Idle client incarnations whose numbers were forgotten. */
  clientsForgotten = 0;
  /** Times that a log write waited for a materialisation round. */
  pushWaits = 0;
  readonly refusals = new Map<string, number>();
  /** Pushes whose source ranges were applied before, under another number. */
  sourceRepeats = 0;
  /** Rows of pushes with sources that were passed over, by reason. */
  readonly skippedRows = new Map<string, number>();
  /** Streams that were one too many. */
  streamsRefused = 0;
  /** Streams ended because their client stopped in the middle: of sending a push, of reading answers or deltas. */
  readonly cutOff = { push: 0, pull: 0, subscriber: 0 };

  removed(reason: RemoveReason, rows: number): void {
    if (reason === 'expired') this.expiredRows += rows;
    else this.evictedRows += rows;
  }

  skipped(skipped: SkippedRows): void {
    for (const { code, rows } of skipped.counts) {
      this.skippedRows.set(code, (this.skippedRows.get(code) ?? 0) + rows);
    }
  }

  refused(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }

  refusedTotal(): number {
    let total = 0;
    for (const count of this.refusals.values()) total += count;
    return total;
  }
}
