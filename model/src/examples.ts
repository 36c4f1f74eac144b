// One request's documents as a model sees them: hashed features, by entry. An entry is one (document, feature
// value); what is not there has no entry. Entries stand in a fixed order (shared first, then feature by
// feature, within a feature document by document), so that sums over them are the same everywhere, bit for bit.
import type { PackedKeys } from '@weir/proto';

/** `train`: exposure features have the values that were logged; `serve`: their defaults, or nothing. */
export type Phase = 'train' | 'serve';

/** One request's documents as hashed features: arrays with an element for each entry, (document, feature value). */
export interface Examples {
  readonly documents: number;
  readonly entries: number;
  /** Entries below it come from the context and count for every document. */
  readonly shared: number;
  /** Two words an entry; see feature-key.ts. A key may repeat. */
  readonly keys: PackedKeys;
  /** One an entry: 1 for a categorical value, the number for a numeric one. */
  readonly weights: Float64Array;
  /** The document an entry belongs to; 0 for shared ones. */
  readonly document: Uint16Array;
  /** The feature an entry comes from: an index into `features`. */
  readonly feature: Uint16Array;
  /** Names; with a schema its own, without one those of this request. */
  readonly features: readonly string[];
  /** In the order of documents. */
  readonly docIds: readonly string[];
  /** What the model's static part says of each document: documents x the decoder's static width. */
  readonly statics: Float32Array;
}

/** What is decoded: a rank request, a feature record or a sample record fits. */
export interface ExampleInput {
  /** An encoded FeatureBlock. */
  readonly features: Uint8Array;
  readonly user: string;
  readonly scene: string;
  /** In the order of the examples' documents. */
  readonly docIds: readonly string[];
  /** The block's row of each document; absent: the block's rows in order. */
  readonly rows?: Uint32Array;
}
