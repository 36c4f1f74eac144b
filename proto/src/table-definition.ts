// What a table is, as users and models write it.

/**
 * Runs on the shards, in f32, row by row. `assign` sets a row to the values pushed and `sum` adds them; the others take gradients
 * and descend. The guide on tables has each one's formula.
 */
export type Optimizer =
  | { readonly kind: 'assign' }
  | { readonly kind: 'sum' }
  | { readonly kind: 'sgd'; readonly learningRate: number }
  | { readonly kind: 'momentum'; readonly learningRate: number; readonly momentum: number }
  /** `initialAccumulator` defaults to 0.1. */
  | { readonly kind: 'adagrad'; readonly learningRate: number; readonly initialAccumulator?: number }
  /** Defaults: 0.9, 0.999, 1e-8. */
  | {
      readonly kind: 'adam';
      readonly learningRate: number;
      readonly beta1?: number;
      readonly beta2?: number;
      readonly epsilon?: number;
    }
  /** FTRL-Proximal (McMahan et al. 2013): `learningRate` is alpha; defaults: ftrlBeta 1, l1 0, l2 0. */
  | {
      readonly kind: 'ftrl';
      readonly learningRate: number;
      readonly ftrlBeta?: number;
      readonly l1?: number;
      readonly l2?: number;
    };

/** Weights of a key that was never pushed: a pure function of the table's seed and the key. */
export type Initializer =
  | { readonly kind: 'zero' }
  | { readonly kind: 'constant'; readonly value: number }
  /** In [low, high). */
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly standardDeviation: number };

/** Which new keys get a row; until then a key keeps its initial value and costs none. */
export type Admission =
  | { readonly kind: 'always' }
  /** From the `count`-th update on, as a counting sketch counts them. */
  | { readonly kind: 'count'; readonly count: number }
  /** Each update with this probability. */
  | { readonly kind: 'probability'; readonly probability: number };

/** What a table is made of, as `tables.create` takes it. Numbers are f32; what is out of range is refused with INVALID_ARGUMENT. */
export interface TableDefinition {
  /** `namespace/name`, or `name` in the namespace `default`. */
  readonly name: string;
  /** Weights per row, 1 to 4,096. */
  readonly dim: number;
  readonly optimizer: Optimizer;
  /** Default: zero. */
  readonly initializer?: Initializer;
  /** Each gradient component is clipped to [-gradientClip, gradientClip]. */
  readonly gradientClip?: number;
  /** A row's update is scaled down to this L2 norm. */
  readonly updateNormMax?: number;
  /** Default: always. */
  readonly admission?: Admission;
  /** A row expires when it was not updated for so long. */
  readonly ttlMs?: number;
  /** Rows on each shard; beyond it the least recently updated are evicted. */
  readonly rowsMax?: number;
  /** Rows that each shard keeps in memory, the others on disk only. It changes no value. */
  readonly memoryRowsMax?: number;
}
