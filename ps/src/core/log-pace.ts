// How long the log may be, so that a restart is quick: at most `log_replay_max` bytes that no round has materialised.
// A round frees nothing before its end. While it runs, the log may grow in step with it, and pushes wait that would go
// faster: they are slowed to the pace of the rounds, each by a little, instead of being stopped at the bound.
import { ROUND_CALM_MS, ROUND_LOG_BYTES_MIN, ROUND_LOG_RATIO } from '../limits.ts';

/** Of what the log may grow during a round, pushes may be so far ahead of its pace. */
const AHEAD = 1 / 4;
/**
 * A round is over when the log has grown by this part of what it may: then pushes are not slowed, and not much is in the
 * log that came meanwhile. At the round's end that is flushed to the disk only to be removed by the next one.
 */
const OVER_AT = 1 / 8;

export class LogPace {
  readonly logReplayMax: number;

  constructor(logReplayMax: number) {
    this.logReplayMax = logReplayMax;
  }

  /** Length of the log at which a round begins. At most half of the bound: the other half is for pushes meanwhile. */
  dueAt(tableBytes: number): number {
    return Math.min(this.logReplayMax / 2, Math.max(ROUND_LOG_BYTES_MIN, tableBytes * ROUND_LOG_RATIO));
  }

  /**
   * How long the log may be now.
   * @param begun its length when the round in progress began; undefined: there is none.
   * @param progress of that round, 0 to 1.
   */
  bytesAllowed(begun: number | undefined, progress: number): number {
    // Without a round, one is about to begin: it must find as much room as it will leave.
    if (begun === undefined) return this.logReplayMax / 2;
    const from = Math.min(begun, this.logReplayMax / 2);
    return from + (this.logReplayMax - from) * Math.min(1, progress + AHEAD);
  }
  /**
   * How far a round in progress should be by now, 0 to 1: one that is further may rest, so that it takes no more of
   * the machine from pushes and pulls than the growth of the log asks for.
   * @param begun length of the log when the round began, `length` its length now.
   */
  progressDue(begun: number, length: number, elapsedMs: number): number {
    const from = Math.min(begun, this.logReplayMax / 2);
    const grown = Math.max(0, length - from) / (this.logReplayMax - from);
    return Math.min(1, Math.max(grown / OVER_AT, elapsedMs / ROUND_CALM_MS));
  }
}
