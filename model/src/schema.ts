// What a model's inputs are. A schema comes from `schema.json` (parse-schema.ts) or is the implicit one: every
// string categorical, every number numeric, every array of strings multi-valued, names as they stand.
import type { FeatureValue } from '@weir/proto';

/** Text, a number, or a list of texts. */
export type FeatureType = 'categorical' | 'numeric' | 'multi-valued';

/** Whether a value belongs to the request, to a document, or to the showing of a document (its position). */
export type FeatureSide = 'context' | 'document' | 'exposure';

export type { FeatureValue };

/** How a value becomes a key and a weight. */
export type Transform =
  /** Categorical: key of name and value, weight 1. Numeric: key of the name, the number as weight. */
  | { readonly kind: 'hash' }
  /** Numeric: the number's bucket on a logarithmic scale, as a categorical value. */
  | { readonly kind: 'log-bucket'; readonly base: number }
  /** Every combination of the named features' values. */
  | { readonly kind: 'cross'; readonly of: readonly string[] };

/** A field of the record itself instead of its features. */
export type FeatureSource = 'user' | 'scene' | 'id';

/** One input of a model. */
export interface Feature {
  readonly name: string;
  readonly type: FeatureType;
  readonly side: FeatureSide;
  readonly transform: Transform;
  readonly source?: FeatureSource;
  /** Stands in where no value is given; absent: such a feature has no entry. */
  readonly default?: FeatureValue;
}

/** A kind of behaviour that is learned. Times are in ms. */
export interface Label {
  readonly name: string;
  /** Under the policies that observe: when a missing positive first counts as a negative. */
  readonly observationMs: number;
  /** How long after the exposure a positive can be attributed to it. */
  readonly attributionMs: number;
}

/** A model's inputs and labels. */
export interface Schema {
  /** Sorted by name: the order in a file has no meaning. Undefined: the implicit schema. */
  readonly features: readonly Feature[] | undefined;
  readonly labels: readonly Label[];
  /** SHA-256 (hex) of the canonical form. */
  readonly fingerprint: string;
}
