// What is said of a table that is not there, or not what is wanted.
import { WeirError } from '@weir/proto';
import type { TableSpec as TableMessage } from '@weir/proto/v1/tables';
import type { Shard } from './shard.ts';
import { differences } from './table-spec.ts';

/** @param cause why it could not be created. @throws WeirError TABLE_EXISTS unless it is what is wanted. */
export function requireSame(
  spec: TableMessage | undefined,
  wanted: TableMessage,
  { connection }: Shard,
  cause?: WeirError,
): TableMessage {
  const found = spec === undefined ? [] : differences(spec, wanted);
  if (spec !== undefined && found.length === 0) return spec;
  const what = found.length === 0 ? cause?.message : `it differs in ${found.join(', ')}`;
  throw new WeirError('TABLE_EXISTS', `table ${wanted.name} exists on ${connection.name}: ${what}`, {
    table: wanted.name,
    shard: connection.id,
    cause,
  });
}

export function notFound(name: string): WeirError {
  return new WeirError('TABLE_NOT_FOUND', `no table ${name}; create it, or check its name and namespace`, {
    table: name,
  });
}

export function otherUid(spec: TableMessage, shard: Shard): WeirError {
  return new WeirError(
    'TABLE_EXISTS',
    `table ${spec.name}: ${shard.connection.name} holds another table of this name (uid ${spec.uid}); drop it first`,
    { table: spec.name, shard: shard.connection.id },
  );
}
