// A write batch as a list of checked operations; what both stores take.
import { compare } from './compare.ts';
import { assertKey } from './range.ts';
import type { WriteBatch } from './store.ts';

export type Operation =
  | { readonly kind: 'put'; readonly family: string; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: 'delete'; readonly family: string; readonly key: Uint8Array }
  | {
      readonly kind: 'deleteRange';
      readonly family: string;
      readonly gte: Uint8Array;
      readonly lt: Uint8Array;
    };

/** Of keys and values. */
export function bytesOf(operations: readonly Operation[]): number {
  return operations.reduce((sum, operation) => {
    if (operation.kind === 'put') return sum + operation.key.byteLength + operation.value.byteLength;
    if (operation.kind === 'delete') return sum + operation.key.byteLength;
    return sum + operation.gte.byteLength + operation.lt.byteLength;
  }, 0);
}

/** Families that a store was opened with; naming another one is a defect of the caller, hence a TypeError. */
export function assertFamily(families: ReadonlySet<string>, family: string): void {
  if (families.has(family)) return;
  throw new TypeError(
    `the store has no family "${family}"; it was opened with ${[...families].map((name) => `"${name}"`).join(', ')}`,
  );
}

export class OperationBatch implements WriteBatch {
  readonly operations: Operation[] = [];
  readonly #families: ReadonlySet<string>;
  #bytes = 0;
  #taken = false;

  constructor(families: ReadonlySet<string>) {
    this.#families = families;
  }

  get size(): number {
    return this.operations.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  put(family: string, key: Uint8Array, value: Uint8Array): this {
    assertKey(key);
    return this.#add(family, { kind: 'put', family, key, value }, key.byteLength + value.byteLength);
  }

  delete(family: string, key: Uint8Array): this {
    return this.#add(family, { kind: 'delete', family, key }, key.byteLength);
  }

  deleteRange(family: string, gte: Uint8Array, lt: Uint8Array): this {
    assertFamily(this.#families, family);
    if (compare(gte, lt) >= 0) return this;
    return this.#add(family, { kind: 'deleteRange', family, gte, lt }, gte.byteLength + lt.byteLength);
  }

  #add(family: string, operation: Operation, bytes: number): this {
    assertFamily(this.#families, family);
    if (this.#taken) throw new TypeError('a batch takes no more changes once it is being written');
    this.operations.push(operation);
    this.#bytes += bytes;
    return this;
  }

  /** The operations, for the one write that a batch has. */
  static take(batch: WriteBatch): readonly Operation[] {
    if (!(batch instanceof OperationBatch)) throw new TypeError('a batch of another store');
    if (batch.#taken) throw new TypeError('a batch is written once; make a new one');
    batch.#taken = true;
    return batch.operations;
  }
}
