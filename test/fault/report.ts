// What the suites count together, and how it is printed.

export interface Totals {
  rounds: number;
  kills: number;
  /** Acknowledged and not there. */
  lost: number;
  /** There more than once. */
  doubled: number;
  /** Rounds and checks. */
  passed: number;
  failed: number;
  /** Defects put in on purpose that went unnoticed. */
  missedCanaries: number;
}

export type Print = (line: string) => void;

export function noTotals(): Totals {
  return { rounds: 0, kills: 0, lost: 0, doubled: 0, passed: 0, failed: 0, missedCanaries: 0 };
}

/** Two lines, the last ones of a run. */
export function lastLines({ rounds, kills, lost, doubled, passed, failed, missedCanaries }: Totals): string {
  const canary = missedCanaries === 0 ? 'caught' : 'missed';
  return (
    `rounds ${rounds}, kills ${kills}, lost ${lost}, doubled ${doubled}, canary ${canary}\n` +
    `${passed} passed, ${failed} failed, 0 skipped`
  );
}

export function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
