// The data set that is shipped for `weir dev`; see its README for the terms.
import { fileURLToPath } from 'node:url';

export const MOVIELENS = {
  name: 'MovieLens latest-small',
  path: fileURLToPath(new URL('../data/movielens-latest-small', import.meta.url)),
  /** One a rating. */
  requests: 100_836,
} as const;
