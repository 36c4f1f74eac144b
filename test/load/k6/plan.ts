// What one run is told, as a file that the launcher writes: which cluster, which table, how much. With it a run is
// repeated. Pure.
import type { ProfileName } from './profiles.ts';

export interface Plan {
  readonly load: LoadPlan;
  /** For all scripts but `rank`. */
  readonly cluster?: ClusterPlan;
  /** For `rank`. */
  readonly predictor?: PredictorPlan;
}

export interface LoadPlan {
  readonly profile: ProfileName;
  /** Batches, or rank requests, begun each second: of profiles that go by the clock. */
  readonly rate: number;
  /** Clients: of `stress` at its end; elsewhere what the rate may use. */
  readonly vus: number;
  readonly durationS: number;
  /** Bound of the 99th percentile of every operation; absent: that of measures.ts. */
  readonly p99Ms?: number;
  /** The same seed gives the same keys and gradients in the same order. */
  readonly randomSeed: number;
}

export interface ClusterPlan {
  readonly epoch: number;
  readonly shards: readonly { readonly id: string; readonly address: string }[];
  /** Slot -> index into `shards`. */
  readonly slots: readonly number[];
  readonly tableUid: string;
  /** Every row of the table below this number exists. */
  readonly rows: number;
}

export interface PredictorPlan {
  readonly address: string;
  readonly requests: readonly RankPayload[];
}

export interface RankPayload {
  readonly user: string;
  readonly scene: string;
  readonly docIds: readonly string[];
  /** An encoded FeatureBlock, base64. */
  readonly features: string;
}
