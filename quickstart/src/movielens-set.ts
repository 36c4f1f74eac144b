// The data set that is shipped for `weir dev`; see its README for the terms.
import { fileURLToPath } from 'node:url';

export const MOVIELENS = {
  name: 'MovieLens latest-small',
  path: fileURLToPath(new URL('../data/movielens-latest-small', import.meta.url)),
  /** Of `doc-vector`, trained on the first 30 % by quickstart/scripts/train-static-part.ts. */
  staticPart: fileURLToPath(new URL('../data/movielens-latest-small/doc-vector.onnx', import.meta.url)),
  /** One a rating. */
  requests: 100_836,
} as const;
