// What can be done with tables as a whole: `weir.tables`.
import type { TableDefinition } from '@weir/proto';
import type { CallOptions } from './call-scope.ts';
import type { TableChanges } from './table-changes.ts';
import type { AlteredTable, CreatedTable, ShardReport, TableDescription } from './tables.ts';

/** Table admin. Each call acts on every shard, and can be repeated after a failure until it is whole. */
export interface TableAdmin {
  /**
   * Makes the table on every shard, or finds it there with an equal definition.
   * @throws WeirError TABLE_EXISTS when the name stands for another definition, INVALID_ARGUMENT.
   */
  create(definition: TableDefinition, options?: CallOptions): Promise<CreatedTable>;
  /**
   * Changes a table's definition; pushes from then on are applied by the new one. Of two alters at a time the later one stays.
   * @throws WeirError TABLE_NOT_FOUND; INVALID_ARGUMENT naming what is wrong or cannot change.
   */
  alter(name: string, changes: TableChanges, options?: CallOptions): Promise<AlteredTable>;
  /** Every table, by name. */
  list(options?: CallOptions): Promise<TableDescription[]>;
  /** @throws WeirError TABLE_NOT_FOUND. */
  describe(name: string, options?: CallOptions): Promise<TableDescription>;
  /**
   * Drops the table and its rows.
   * @throws WeirError TABLE_NOT_FOUND when no shard has it.
   */
  drop(name: string, options?: CallOptions): Promise<{ readonly shards: readonly ShardReport[] }>;
}
