import type { TableSpec } from '@weir/proto/v1/tables';
import type { RowTable } from './row-table.ts';

/** An empty table in plain TypeScript typed arrays. @throws WeirError UNIMPLEMENTED for an optimizer that is not built. */
export function createRowTable(_spec: TableSpec): RowTable {
  throw new Error('not built yet');
}
