// The name under which trainers of one table set stand together: their group on the parameter server, whose results hold the
// dense part of their model, their source offsets on the shards, and their commits in the streams.

/** Table sets of this name are those of a cluster that has one only. */
const DEFAULT_TABLE_SET = 'default';

/** `trainer`, or `trainer.SET` for a table set of another name than `default`. */
export function trainerGroup(tableSet: string): string {
  return tableSet === '' || tableSet === DEFAULT_TABLE_SET ? 'trainer' : `trainer.${tableSet}`;
}
