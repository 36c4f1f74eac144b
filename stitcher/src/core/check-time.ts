// Event times are whole Unix milliseconds, after 1970 and of the size that a Date can hold; 0 means absent.
import type { RejectedReason } from './reasons.ts';
import { END_OF_TIME_MS } from './stream-clock.ts';

export function checkTime(timeMs: number): RejectedReason | undefined {
  if (timeMs === 0) return 'time_missing';
  return Number.isSafeInteger(timeMs) && timeMs > 0 && timeMs < END_OF_TIME_MS ? undefined : 'time_absurd';
}
