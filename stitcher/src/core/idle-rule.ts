// How time passes in streams that are silent. A silent stream follows the others; when all are, it follows the wall
// clock. Only for live traffic: progress records are the word of somebody who knows.

export interface StreamActivity {
  readonly watermarkMs: number;
  /** Its watermark comes from records, not from progress. */
  readonly isLive: boolean;
  /** Read to its end and silent. */
  readonly isSilent: boolean;
}

/**
 * The watermark that silent live streams may have, or undefined: leave them.
 * @param streams all that can change the outcome, of all partitions
 * @param guardMs how far behind the wall clock time passes when nothing comes at all
 */
export function idleWatermark(
  streams: readonly StreamActivity[],
  nowMs: number,
  guardMs: number,
): number | undefined {
  const active = streams.filter(({ isLive, isSilent }) => !isLive || !isSilent);
  if (active.length > 0) return Math.min(...active.map(({ watermarkMs }) => watermarkMs));
  // Before the first record nobody knows whether live traffic or a replay will come.
  const hasBegun = streams.some(({ watermarkMs }) => watermarkMs > 0);
  return hasBegun ? nowMs - guardMs : undefined;
}
