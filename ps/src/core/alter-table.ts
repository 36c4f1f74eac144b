// What may change about a table that has rows: everything that does not say what its rows are.
import { WeirError } from '@weir/proto';
import type { TableSpec } from '@weir/proto/v1/tables';
import { validateTableSpec } from './table-spec.ts';

const FIXED = ['name', 'seed', 'dim'] as const;

/**
 * Checks the definition that a table shall have and returns it in normal form.
 * @param current the table's definition.
 * @param wanted the whole definition, not only what changes.
 * @throws WeirError INVALID_ARGUMENT naming the field that is wrong, or that cannot change.
 */
export function alteredSpec(current: TableSpec, wanted: TableSpec): TableSpec {
  const spec = validateTableSpec(wanted);
  const refuse = (field: string): never => {
    throw new WeirError(
      'INVALID_ARGUMENT',
      `table ${current.name}: ${field} cannot change; create another table`,
      { table: current.name },
    );
  };
  for (const field of FIXED) if (spec[field] !== current[field]) refuse(field);
  // With a bound rows are stored one by one, without one in pages.
  if (spec.memoryRowsMax > 0 !== current.memoryRowsMax > 0) refuse('memoryRowsMax from or to 0');
  if (spec.optimizer?.kind !== current.optimizer?.kind) refuse('optimizer.kind');
  const before: Readonly<Record<string, number>> = { ...current.initializer };
  for (const [field, value] of Object.entries({ ...spec.initializer })) {
    if (before[field] !== value) refuse(`initializer.${field}`);
  }
  return spec;
}
