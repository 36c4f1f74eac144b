// What a request must know of its table, and the forms in which callers give keys.
import { type PackedKeys, packKeys, WeirError } from '@weir/proto';

export interface TableRef {
  /** `namespace/name`. */
  readonly name: string;
  readonly uid: string;
  /** Weights per row. */
  readonly dim: number;
}

/** Keys: u64 each, or as packed pairs of u32, low word first. Packed ones cost nothing. */
export type Keys = BigUint64Array | PackedKeys;

/** A packed view of the caller's keys; shares memory. */
export function packedView(keys: Keys, table: string): PackedKeys {
  const packed = keys instanceof BigUint64Array ? packKeys(keys) : keys;
  if (packed.length % 2 !== 0) {
    throw new WeirError(
      'INVALID_ARGUMENT',
      `table ${table}: packed keys are pairs, ${packed.length} words are not`,
      {
        table,
      },
    );
  }
  return packed;
}

const NAME_PART = /^[A-Za-z0-9_.-]+$/;

/**
 * `doc` as `default/doc`; full names as they are.
 * @throws WeirError INVALID_ARGUMENT for anything else than one or two parts of `[A-Za-z0-9_.-]`.
 */
export function qualifiedName(name: string): string {
  const parts = name.split('/');
  if (parts.length > 2 || !parts.every((part) => NAME_PART.test(part))) {
    throw new WeirError(
      'INVALID_ARGUMENT',
      `table name '${name}': it must be 'name' or 'namespace/name', of letters, digits, '_', '.', '-'`,
      { table: name },
    );
  }
  return parts.length === 1 ? `default/${name}` : name;
}

/**
 * Left to gRPC, a number out of its field's range would look like a lost stream, and be tried again.
 * @throws WeirError INVALID_ARGUMENT naming the number.
 */
export function requireEncodable(encode: () => unknown, table: string): void {
  try {
    encode();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WeirError('INVALID_ARGUMENT', `table ${table}: ${why}`, { table, cause });
  }
}

/**
 * A shard's refusal with the table's name for its uid, and the shard that said it.
 * @param change what the caller's point of view adds.
 */
export function inTermsOf(
  error: WeirError,
  tables: readonly TableRef[],
  shard: string,
  change: { message?: string; keyIndex?: number } = {},
): WeirError {
  const table =
    tables.find(({ name, uid }) => name === error.table || uid === error.table) ??
    (tables.length === 1 ? tables[0] : undefined);
  const name = table?.name ?? error.table;
  const message = change.message ?? `${shard}: ${error.message}`;
  const keyIndex = change.keyIndex ?? error.keyIndex;
  return new WeirError(
    error.code,
    table === undefined ? message : message.replaceAll(table.uid, table.name),
    {
      shard,
      ...(name !== undefined && { table: name }),
      ...(keyIndex !== undefined && { keyIndex }),
      ...(error.epoch !== undefined && { epoch: error.epoch }),
      ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
      ...(error.applied !== undefined && { applied: error.applied }),
      ...(error.generation !== undefined && { generation: error.generation }),
    },
  );
}
