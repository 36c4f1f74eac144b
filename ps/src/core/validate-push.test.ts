import { bytesOf, encodeValues, PUSH_BYTES_MAX, packKeys, slotOf, type WeirError } from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import type { PushPart } from '@weir/proto/v1/parameter_server';
import type { TableSpec } from '@weir/proto/v1/tables';
import { describe, expect, it } from 'vitest';
import { runThrough } from './steps.ts';
import { validatingPush } from './validate-push.ts';

const { F16, F32 } = ValueEncoding;
const table = (name: string, dim: number): TableSpec => ({
  name,
  uid: '',
  seed: 0,
  dim,
  optimizer: undefined,
  initializer: undefined,
  gradientClip: 0,
  updateNormMax: 0,
  admission: undefined,
  ttlMs: 0,
  rowsMax: 0,
  memoryRowsMax: 0,
});
const TABLES: Readonly<Record<string, TableSpec>> = { d: table('default/doc', 2), u: table('shop/user', 1) };
const ALL_SLOTS = new Uint8Array(1024).fill(1);

function part(tableUid: string, keys: bigint[], values: number[], encoding: ValueEncoding = F32): PushPart {
  return {
    tableUid,
    keys: bytesOf(packKeys(BigUint64Array.from(keys))),
    values: encodeValues(Float32Array.from(values), encoding),
    encoding,
  };
}

function validate(parts: PushPart[], slots = ALL_SLOTS) {
  const ownership = { shard: 'shard-1', epoch: 4, slots, all: false };
  return runThrough(validatingPush(parts, { table: (uid) => TABLES[uid], ownership }));
}

function refusalOf(parts: PushPart[], slots?: Uint8Array): WeirError {
  try {
    validate(parts, slots as typeof ALL_SLOTS | undefined);
  } catch (error) {
    return error as WeirError;
  }
  throw new Error('the push was taken');
}

describe('validation of a push', () => {
  it('returns the parts decoded, those of one table joined in order', () => {
    const parts = [
      part('d', [1n], [1, 2]),
      part('u', [9n], [0.5], F16),
      part('d', [2n, 1n], [3, 4, 5, 6], F16),
    ];
    expect(validate(parts)).toMatchObject([
      { tableUid: 'd', keys: Uint32Array.of(1, 0, 2, 0, 1, 0), values: Float32Array.of(1, 2, 3, 4, 5, 6) },
      { tableUid: 'u', keys: Uint32Array.of(9, 0), values: Float32Array.of(0.5) },
    ]);
    expect(validate([])).toEqual([]);
  });

  it('refuses a table that the shard does not have', () => {
    expect(refusalOf([part('gone', [1n], [1])])).toMatchObject({
      code: 'TABLE_NOT_FOUND',
      table: 'gone',
      shard: 'shard-1',
    });
    expect(refusalOf([part('gone', [1n], [1])]).message).toContain('"gone"');
  });

  it('refuses truncated arrays', () => {
    const whole = part('d', [1n], [1, 2]);
    expect(refusalOf([{ ...whole, keys: whole.keys.subarray(0, 7) }])).toMatchObject({
      code: 'INVALID_ARGUMENT',
      table: 'default/doc',
    });
    expect(refusalOf([{ ...whole, values: whole.values.subarray(0, 6) }])).toMatchObject({
      code: 'INVALID_ARGUMENT',
      table: 'default/doc',
    });
  });

  it('refuses an encoding that it does not know', () => {
    expect(refusalOf([part('d', [1n], [1, 2], 7 as ValueEncoding)]).code).toBe('INVALID_ARGUMENT');
  });

  it('refuses values that are not keys x dim', () => {
    const error = refusalOf([part('d', [1n, 2n], [1, 2, 3])]);
    expect(error).toMatchObject({ code: 'DIMENSION_MISMATCH', table: 'default/doc' });
    expect(error.message).toContain('2 keys need 4 values, not 3');
  });

  it.each([
    ['NaN', Number.NaN, F32],
    ['infinity', Infinity, F32],
    ['minus infinity', -Infinity, F32],
    ['a value that f16 cannot hold', 70_000, F16],
  ])('refuses %s, with the row across all frames', (_, value, encoding) => {
    const parts = [
      part('u', [1n], [1]),
      part('d', [1n], [1, 2]),
      part('d', [2n, 3n], [1, 2, 3, value], encoding),
    ];
    expect(refusalOf(parts)).toMatchObject({ code: 'NOT_FINITE', table: 'default/doc', keyIndex: 2 });
  });

  it('refuses the whole push for one key in a slot of another shard', () => {
    const slots = Uint8Array.from(ALL_SLOTS);
    slots[slotOf(5, 0)] = 0;
    expect(refusalOf([part('d', [1n], [1, 2]), part('u', [1n, 5n], [1, 2])], slots)).toMatchObject({
      code: 'NOT_OWNER',
      table: 'shop/user',
      shard: 'shard-1',
      epoch: 4,
      keyIndex: 1,
    });
  });

  it('refuses more than PUSH_BYTES_MAX over all parts, and takes exactly that', () => {
    const half: PushPart = {
      tableUid: 'u',
      keys: new Uint8Array(0),
      values: new Uint8Array(PUSH_BYTES_MAX / 2),
      encoding: F32,
    };
    expect(refusalOf([half, half])).toMatchObject({ code: 'DIMENSION_MISMATCH' });
    expect(refusalOf([half, half, part('u', [1n], [1])])).toMatchObject({
      code: 'PUSH_TOO_LARGE',
      shard: 'shard-1',
    });
  });
});
