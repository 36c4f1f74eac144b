// What a client is told when bounded memory or disk is full.
import { WeirError } from '@weir/proto';
import { OVERLOADED_RETRY_AFTER_MS } from '../../limits.ts';

export function overloaded(why: string, retryAfterMs = OVERLOADED_RETRY_AFTER_MS): WeirError {
  return new WeirError('OVERLOADED', `${why}; try again later`, { retryAfterMs });
}
