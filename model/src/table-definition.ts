// What a model says about its tables: the shapes that the SDK's `tables.create` takes.

export type OptimizerDefinition =
  | { readonly kind: 'assign' }
  | { readonly kind: 'sum' }
  | { readonly kind: 'sgd'; readonly learningRate: number }
  | { readonly kind: 'momentum'; readonly learningRate: number; readonly momentum: number }
  | { readonly kind: 'adagrad'; readonly learningRate: number; readonly initialAccumulator?: number }
  | {
      readonly kind: 'adam';
      readonly learningRate: number;
      readonly beta1?: number;
      readonly beta2?: number;
      readonly epsilon?: number;
    }
  | {
      readonly kind: 'ftrl';
      readonly learningRate: number;
      readonly beta?: number;
      readonly l1?: number;
      readonly l2?: number;
    };

export type InitializerDefinition =
  | { readonly kind: 'zero' }
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly standardDeviation: number };

export interface TableDefinition {
  /** Without a namespace: the table set is the namespace. */
  readonly name: string;
  /** Weights per row. */
  readonly dim: number;
  readonly optimizer: OptimizerDefinition;
  readonly initializer: InitializerDefinition;
  /** Each gradient component is clipped to [-gradientClip, gradientClip]. */
  readonly gradientClip?: number;
  /** A row's update is scaled down to this L2 norm. */
  readonly updateNormMax?: number;
}

/** Full name of a model's table: the table set is the namespace. */
export function qualifiedTableName(tableSet: string, table: TableDefinition): string {
  return `${tableSet}/${table.name}`;
}
