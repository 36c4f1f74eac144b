import {
  bytesOf,
  type ErrorCode,
  floatsFromBytes,
  PUSH_BYTES_MAX,
  slotOf,
  u32FromBytes,
  WeirError,
} from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import type { PushPart } from '@weir/proto/v1/parameter_server';
import { OptimizerKind } from '@weir/proto/v1/tables';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestShard, type TestShard, TWO_SHARDS } from '../testing/in-process.ts';
import {
  floatBytes,
  keyBytes,
  pushPart,
  pushRequest,
  type RawClient,
  sumTable,
  tableSpec,
} from '../testing/raw-client.ts';

let server: TestShard;
let client: RawClient;
beforeAll(async () => {
  server = await startTestShard();
  client = server.client;
  await client.create(sumTable('doc', 2));
});
afterAll(() => server.stop());

const refused = async (call: Promise<unknown>): Promise<WeirError> => {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(WeirError);
  return error as WeirError;
};

describe('tables', () => {
  it('are created once per uid, and listed with their normal form', async () => {
    const again = await client.create({ ...sumTable('doc', 2), name: 'doc' });
    expect(again.created).toBe(false);
    expect(again.spec?.name).toBe('default/doc');
    const { tables } = await client.list();
    expect(tables.map((table) => table.spec?.name)).toEqual(['default/doc']);
  });

  it('keep their name: another uid, or another definition under the uid, is TABLE_EXISTS', async () => {
    const otherUid = await refused(client.create({ ...sumTable('doc', 2), uid: 'other' }));
    expect(otherUid).toMatchObject({ code: 'TABLE_EXISTS', table: 'default/doc' });
    expect(await refused(client.create(sumTable('doc', 3)))).toMatchObject({ code: 'TABLE_EXISTS' });
  });

  it('are refused with what is wrong in their definition', async () => {
    expect(await refused(client.create(undefined))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    const error = await refused(client.create(sumTable('wide', 5000)));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(error.message).toContain('dim');
  });

  it('are created concurrently under one name by one creator only', async () => {
    const specs = [1, 2, 3, 4].map((i) => ({ ...sumTable('race', 1), uid: `race-${i}` }));
    const outcomes = await Promise.allSettled(specs.map((spec) => client.create(spec)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('lose their rows when dropped, and the name is free again', async () => {
    await client.create(sumTable('gone', 1));
    await client.push(pushRequest(0, [pushPart('uid-gone', [1n], [5])]));
    expect(await client.drop('uid-gone')).toEqual({ dropped: true });
    expect(await client.drop('uid-gone')).toEqual({ dropped: false });
    expect(await refused(client.rows('uid-gone', [1n]))).toMatchObject({ code: 'TABLE_NOT_FOUND' });
    expect(await refused(client.create(sumTable('gone', 1)))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    await client.create({ ...sumTable('gone', 1), uid: 'uid-new' });
    expect([...(await client.rows('uid-new', [1n]))]).toEqual([0]);
  });
});

describe('routing and description', () => {
  it('tell every client the same table of slots', async () => {
    const routing = await client.routing();
    expect(routing).toMatchObject({ epoch: 1, shards: [{ id: 'shard-0', address: '127.0.0.1:7070' }] });
    expect(routing.slots.byteLength).toBe(2048);
  });

  it('count what the shard did', async () => {
    const before = await client.describe();
    await client.push(pushRequest(0, [pushPart('uid-doc', [71n, 72n], [1, 2, 3, 4])]));
    await client.rows('uid-doc', [71n]);
    const after = await client.describe();
    expect(after).toMatchObject({ id: 'shard-0', durability: 'process', slotsOwned: 1024, lowMark: 1 });
    expect(after.seq).toBe(before.seq + 1);
    expect(after.pushRows).toBe(before.pushRows + 2);
    expect(after.pullRows).toBe(before.pullRows + 1);
    expect(after.pushes).toBe(before.pushes + 1);
  });
});

describe('pulls', () => {
  it('give rows in the order of keys, and initial values for unknown keys, without making rows', async () => {
    const spec = tableSpec('constant', 1, { kind: OptimizerKind.SUM }, { kind: 2, value: 0.5 });
    await client.create(spec);
    await client.push(pushRequest(0, [pushPart('uid-constant', [2n], [1])]));
    expect([...(await client.rows('uid-constant', [1n, 2n, 1n]))]).toEqual([0.5, 1.5, 0.5]);
    const { tables } = await client.list();
    expect(tables.find((table) => table.spec?.uid === 'uid-constant')?.rows).toBe(1);
  });

  it('answer f16 when asked to', async () => {
    await client.push(pushRequest(0, [pushPart('uid-doc', [91n], [0.5, -2])]));
    const parts = [{ tableUid: 'uid-doc', keys: keyBytes([91n]), encoding: ValueEncoding.F16 }];
    const { results } = await client.pull({ requestId: 1, epoch: 1, parts });
    expect([...results[0]!.values]).toEqual([0, 0x38, 0, 0xc0]);
  });

  it('are refused for an unknown table, truncated keys, an unknown encoding, and too many keys', async () => {
    const part = { tableUid: 'nope', keys: keyBytes([1n]), encoding: ValueEncoding.F32 };
    const unknown = await refused(client.pull({ requestId: 1, epoch: 1, parts: [part] }));
    expect(unknown).toMatchObject({
      code: 'TABLE_NOT_FOUND',
      table: 'nope',
      message: 'no table nope on this shard',
    });
    const truncated = { ...part, tableUid: 'uid-doc', keys: new Uint8Array(12) };
    expect(await refused(client.pull({ requestId: 1, epoch: 1, parts: [truncated] }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      table: 'default/doc',
      message: expect.stringContaining('12 bytes is not a multiple of 8'),
    });
    const encoded = { ...part, tableUid: 'uid-doc', encoding: 7 as ValueEncoding };
    expect(await refused(client.pull({ requestId: 1, epoch: 1, parts: [encoded] }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('unknown value encoding 7'),
    });
    await client.create(sumTable('wide', 4096));
    const many = { ...part, tableUid: 'uid-wide', keys: new Uint8Array(8 * 1025) };
    const tooMany = await refused(client.pull({ requestId: 1, epoch: 1, parts: [many] }));
    expect(tooMany).toMatchObject({ code: 'PULL_TOO_LARGE' });
  });

  it('come over a stream too: large ones in slices, refusals in their answer', async () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => BigInt(1_000_000 + i));
    await client.push(
      pushRequest(0, [
        pushPart(
          'uid-doc',
          keys,
          keys.flatMap((_, i) => [i, 1]),
        ),
      ]),
    );
    const stream = client.pullStream();
    const part = { tableUid: 'uid-doc', keys: keyBytes(keys), encoding: ValueEncoding.F32 };
    stream.send({ requestId: 5, epoch: 1, parts: [part] });
    stream.send({ requestId: 6, epoch: 1, parts: [{ ...part, tableUid: 'nope' }] });
    stream.send({ requestId: 7, epoch: 1, parts: [part] });
    stream.end();
    const large = (await stream.next())!;
    expect(large.requestId).toBe(5);
    const values = floatsFromBytes(large.results[0]!.values);
    expect(values.length).toBe(200_000);
    expect(values[2 * 99_999]).toBe(99_999);
    expect(await stream.next()).toMatchObject({ requestId: 6, error: { code: 'TABLE_NOT_FOUND' } });
    expect((await stream.next())?.requestId).toBe(7);
    expect(await stream.next()).toBeUndefined();
  });
});

describe('one push', () => {
  const bytes = (count: number) => new Uint8Array(count);
  const f = pushPart('uid-doc', [1n], [1, 2]);
  it.each<[string, ErrorCode, string, PushPart[]]>([
    ['an unknown table', 'TABLE_NOT_FOUND', 'no table with uid "nope"', [{ ...f, tableUid: 'nope' }]],
    [
      'a wrong dimension',
      'DIMENSION_MISMATCH',
      'default/doc has dim 2: 2 keys need 4 values, not 5',
      [{ ...f, values: floatBytes([1, 2, 3]) }],
    ],
    ['truncated keys', 'INVALID_ARGUMENT', '7 bytes is not a multiple of 8', [{ ...f, keys: bytes(7) }]],
    ['truncated values', 'INVALID_ARGUMENT', '7 bytes is not a multiple of 4', [{ ...f, values: bytes(7) }]],
    [
      'NaN',
      'NOT_FINITE',
      'component 0 of row 2 is NaN',
      [pushPart('uid-doc', [1n, 2n], [1, 2, Number.NaN, 4])],
    ],
    [
      'an infinity',
      'NOT_FINITE',
      'component 0 of row 1 is -Infinity',
      [pushPart('uid-doc', [1n], [Number.NEGATIVE_INFINITY, 0])],
    ],
    [
      'more bytes than allowed',
      'PUSH_TOO_LARGE',
      `more than ${PUSH_BYTES_MAX} bytes`,
      [{ ...f, keys: bytes(PUSH_BYTES_MAX + 1) }],
    ],
  ])('with %s is refused whole as %s, saying "%s"', async (_what, code, message, parts) => {
    const before = await client.rows('uid-doc', [1n, 500n]);
    const error = await refused(client.push(pushRequest(0, [pushPart('uid-doc', [500n], [1, 1]), ...parts])));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(await client.rows('uid-doc', [1n, 500n])).toEqual(before);
  });

  it('with an origin time that is no time, or a uid longer than any, is refused', async () => {
    for (const originTimeMs of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      expect(await refused(client.push(pushRequest(0, [f], { originTimeMs })))).toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
    const part = { ...f, tableUid: 'x'.repeat(100_000) };
    const error = await refused(client.push(pushRequest(0, [part])));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(error.message.length).toBeLessThan(200);
  });

  it('names the table and the row of a NaN', async () => {
    const parts = [pushPart('uid-doc', [1n, 2n], [1, 2, Number.NaN, 4])];
    expect(await refused(client.push(pushRequest(0, parts)))).toMatchObject({
      table: 'default/doc',
      keyIndex: 1,
    });
  });

  it('counts keys that come twice as two updates', async () => {
    await client.push(pushRequest(0, [pushPart('uid-doc', [801n, 801n], [1, 2, 10, 20])]));
    expect([...(await client.rows('uid-doc', [801n]))]).toEqual([11, 22]);
  });

  it('without a number is a one-off: its repeat is a new update', async () => {
    const push = pushRequest(0, [pushPart('uid-doc', [810n], [1, 0])], { client: undefined });
    await client.push(push);
    await client.push(push);
    expect([...(await client.rows('uid-doc', [810n]))]).toEqual([2, 0]);
  });

  it('with a number is applied once, in order, and a refusal uses its number up', async () => {
    const push = (number: number, values: number[]) =>
      client.push(
        pushRequest(number, [pushPart('uid-doc', [820n], values)], {
          client: { id: 'unary', incarnation: 'a' },
        }),
      );
    expect(await push(1, [1, 1])).toMatchObject({ through: 1, refusals: [] });
    expect(await push(1, [1, 1])).toMatchObject({ through: 1 });
    expect(await refused(push(3, [1, 1]))).toMatchObject({ code: 'SEQUENCE_GAP' });
    expect(await refused(push(2, [Number.NaN, 1]))).toMatchObject({ code: 'NOT_FINITE' });
    expect(await refused(push(2, [1, 1]))).toMatchObject({ code: 'NOT_FINITE' });
    expect(await push(3, [1, 1])).toMatchObject({ through: 3 });
    expect([...(await client.rows('uid-doc', [820n]))]).toEqual([2, 2]);
  });

  it('with source ranges needs a number', async () => {
    const source = { group: 'g', partition: 0, generation: 1, from: 0, to: 1, incarnation: 'x' };
    const push = pushRequest(0, [f], { sources: [source] });
    expect(await refused(client.push(push))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('a shard that owns some slots', () => {
  it('refuses a foreign key per key in pulls, and the whole push', async () => {
    await using other = await startTestShard({ topology: TWO_SHARDS, id: 'shard-1' });
    await other.client.create(sumTable('doc', 1));
    const owned = (key: bigint) => other.shard.ownership.slots[slotOf(Number(key), 0)] === 1;
    const keys = Array.from({ length: 100 }, (_, i) => BigInt(i));
    const mine = keys.filter(owned);
    const foreign = keys.filter((key) => !owned(key));
    const [first, second] = mine as [bigint, bigint];
    await other.client.push(pushRequest(0, [pushPart('uid-doc', [first, second], [1, 2])]));

    const mixed = pushPart('uid-doc', [first, foreign[0]!], [1, 1]);
    expect(await refused(other.client.push(pushRequest(0, [mixed])))).toMatchObject({
      code: 'NOT_OWNER',
      keyIndex: 1,
      epoch: 1,
    });
    const asked = [first, foreign[0]!, second];
    const part = { tableUid: 'uid-doc', keys: keyBytes(asked), encoding: ValueEncoding.F32 };
    const { results, epoch } = await other.client.pull({ requestId: 1, epoch: 7, parts: [part] });
    expect(epoch).toBe(1);
    expect([...floatsFromBytes(results[0]!.values)]).toEqual([1, 0, 2]);
    expect([...u32FromBytes(results[0]!.refused)]).toEqual([1]);
    expect(bytesOf(other.shard.ownership.slots).reduce((a, b) => a + b, 0)).toBe(
      (await other.client.describe()).slotsOwned,
    );
  });
});
