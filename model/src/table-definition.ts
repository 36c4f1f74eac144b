// A model's tables: the definitions that the SDK's `tables.create` takes, each with its initializer stated, since
// the predictor has to know what a row without updates holds.
import type { TableDefinition as AnyTableDefinition, Initializer } from '@weir/proto';

/** One of a model's tables. */
export interface TableDefinition extends AnyTableDefinition {
  /** Without a namespace: the table set is the namespace. */
  readonly name: string;
  readonly initializer: Initializer;
}

/** Full name of a model's table: the table set is the namespace. */
export function qualifiedTableName(tableSet: string, table: TableDefinition): string {
  return `${tableSet}/${table.name}`;
}
