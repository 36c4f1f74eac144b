// What an altered definition must leave as it is: whatever the rows that exist were made and laid out by.
import { Initializer, type TableSpec } from '@weir/proto/v1/tables';

/** Throws unless both definitions are of the same table and the same rows. */
export function assertSameRows(before: TableSpec, after: TableSpec): void {
  const initializer = (spec: TableSpec) => Initializer.encode(spec.initializer!).finish();
  const same =
    before.uid === after.uid &&
    before.seed === after.seed &&
    before.dim === after.dim &&
    before.optimizer?.kind === after.optimizer?.kind &&
    Buffer.compare(initializer(before), initializer(after)) === 0;
  if (!same) throw new Error(`table ${before.name}: the definition to alter it to is one of other rows`);
}
