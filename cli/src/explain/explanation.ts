// What `weir explain` tells, as it prints it with --json.

export interface Explanation {
  readonly serving_id: string;
  /** Event time, Unix ms. */
  readonly time_ms: number;
  readonly document: string;
  /** Stream that the answer was found in. */
  readonly found_in: 'features' | 'samples';
  /** As served, by label. */
  readonly scores: Readonly<Record<string, number>>;
  readonly model: {
    readonly table_set: string;
    readonly static_hash: string;
    readonly schema_fingerprint: string;
    /** Null for a model without dense weights. */
    readonly dense_step: number | null;
  };
  readonly rows: readonly ExplainedRow[];
  readonly batches: readonly Batch[];
  /** What is not known, and why. */
  readonly notes: readonly string[];
}

export interface ExplainedRow {
  readonly table: string;
  /** 0x hexadecimal. */
  readonly key: string;
  /** The feature's name and value; null: a row of the model's own. */
  readonly feature: string | null;
  /** As it is now, which may be newer than what was served. */
  readonly weights_now: readonly number[];
  readonly shard: string;
  /** Position of the shard's log up to which the answer knew all changes; null: it is not recorded. */
  readonly version: { readonly log_incarnation: string; readonly seq: number } | null;
  /** The last one up to the version; without a version, up to now. */
  readonly change: Change;
}

export type Change =
  | {
      readonly kind: 'push';
      readonly seq: number;
      readonly time_ms: number;
      readonly client: string;
      readonly gradient: readonly number[];
      /** Index into `batches`; null: the push did not say what it was computed from. */
      readonly batch: number | null;
    }
  | { readonly kind: 'removed'; readonly seq: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'older'; readonly searched_from: number }
  | { readonly kind: 'lost' };

/** What one push was computed from: the same ranges at every shard. */
export interface Batch {
  readonly group: string;
  readonly ranges: readonly { readonly partition: number; readonly from: number; readonly to: number }[];
  readonly requests: readonly LearnedRequest[];
  /** Why some of it is not told. */
  readonly unknown: readonly string[];
}

/** A record of the samples stream. */
export interface LearnedRequest {
  readonly serving_id: string;
  readonly time_ms: number;
  readonly known_time_ms: number;
  readonly revision: number;
  readonly samples: readonly LearnedSample[];
}

export interface LearnedSample {
  readonly document: string;
  /** Those known with this record. */
  readonly labels: Readonly<Record<string, number>>;
  /** Behind the positives. */
  readonly events: readonly { readonly label: string; readonly event_id: string; readonly time_ms: number }[];
  /** Indexes into `rows` of those that this sample changed. */
  readonly rows: readonly number[];
}
