import type { TableSpec } from '@weir/proto/v1/tables';

/** `doc` is `default/doc`. */
export function qualifiedTableName(_name: string): string {
  throw new Error('not built yet');
}

/**
 * Checks a definition and returns it in normal form: qualified name, numbers as f32, absent parts filled in.
 * @throws WeirError INVALID_ARGUMENT naming the field; UNIMPLEMENTED for an optimizer that is not built.
 */
export function validateTableSpec(_spec: TableSpec): TableSpec {
  throw new Error('not built yet');
}

/** Whether two validated definitions say the same, but for uid and seed (drawn anew by each creator). */
export function sameDefinition(_a: TableSpec, _b: TableSpec): boolean {
  throw new Error('not built yet');
}
