// What may change about a table, as users write it. Pure.
import type { Admission, Optimizer, TableDefinition } from '@weir/proto';
import { WeirError } from '@weir/proto';
import type { TableSpec } from './table-spec.ts';

/** Numbers of the table's optimizer; what is left out stays. */
export type OptimizerChanges = Partial<Record<OptimizerNumber, number>>;

type OptimizerNumber =
  | 'learningRate'
  | 'momentum'
  | 'initialAccumulator'
  | 'beta1'
  | 'beta2'
  | 'epsilon'
  | 'ftrlBeta'
  | 'l1'
  | 'l2';

/** What is left out stays as it is; 0 turns a bound off. */
export interface TableChanges {
  /** The kind stays. A changed initial accumulator is that of rows to come. */
  readonly optimizer?: OptimizerChanges;
  readonly gradientClip?: number;
  readonly updateNormMax?: number;
  readonly admission?: Admission;
  readonly ttlMs?: number;
  readonly rowsMax?: number;
  readonly memoryRowsMax?: number;
}

const BOUNDS = ['gradientClip', 'updateNormMax', 'admission', 'ttlMs', 'rowsMax', 'memoryRowsMax'] as const;

/** The whole definition with the changes made. @throws WeirError INVALID_ARGUMENT naming what cannot change. */
export function changed(spec: TableSpec, changes: TableChanges): TableDefinition {
  const refuse = (reason: string): never => {
    throw new WeirError('INVALID_ARGUMENT', `table ${spec.name}: ${reason}`, { table: spec.name });
  };
  const known: readonly string[] = ['optimizer', ...BOUNDS];
  for (const field of Object.keys(changes)) {
    if (!known.includes(field)) refuse(`${field} cannot change; create another table`);
  }
  for (const name of Object.keys(changes.optimizer ?? {})) {
    if (name === 'kind') refuse('optimizer.kind cannot change; create another table');
    if (!(name in spec.optimizer)) refuse(`its optimizer ${spec.optimizer.kind} has no ${name}`);
  }
  const bounds = BOUNDS.filter((field) => changes[field] !== undefined).map((field) => [
    field,
    changes[field],
  ]);
  // Its names were checked just now.
  const optimizer = { ...spec.optimizer, ...changes.optimizer } as Optimizer;
  return { ...spec, optimizer, ...Object.fromEntries(bounds) };
}
