// What a replay must leave in the samples stream, against what it left. Pure.
import type { FoundSamples } from '../e2e/replay-with-kill.ts';
import type { Traffic } from '../e2e/traffic.ts';

/** What was sent. */
export type SentSamples = Pick<Traffic, 'samples' | 'positives'>;

export interface Verdict {
  /** Samples, or positives, that must be there and are not. */
  readonly lost: number;
  /** Emitted as first more than once, said to be positive more than once, or never sent. */
  readonly doubled: number;
}

export function checkSamples(traffic: SentSamples, found: FoundSamples): Verdict {
  const samples = compare(traffic.samples, found.samples);
  const positives = compare(traffic.positives, found.positives);
  return { lost: samples.lost + positives.lost, doubled: samples.doubled + positives.doubled };
}

function compare(expected: ReadonlySet<string>, found: ReadonlyMap<string, number>): Verdict {
  let lost = 0;
  let doubled = 0;
  for (const id of expected) if (!found.has(id)) lost++;
  for (const [id, times] of found) doubled += expected.has(id) ? times - 1 : times;
  return { lost, doubled };
}
