// Pushes with sources on their way: to whom they go and as what, and how each refusal and each end reaches the caller.
import { bytesOf, WeirError } from '@weir/proto';
import { afterEach, describe, expect, it } from 'vitest';
import { type ConnectOptions, connect, OutcomeUnknownError, type SourceRanges, type Weir } from './index.ts';
import { keysOwnedBy, ScriptedShard, scriptedRouting } from './testing/scripted-shard.ts';

const byParity = (slot: number): number => slot % 2;
const A = keysOwnedBy(0, 40, byParity);
const B = keysOwnedBy(1, 40, byParity);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Even slots belong to the first shard, odd ones to the second. */
async function twoShards(options: Partial<ConnectOptions> = {}) {
  const a = new ScriptedShard('a');
  const b = new ScriptedShard('b');
  for (const shard of [a, b]) {
    await shard.listen();
    cleanups.push(() => shard.die());
  }
  route([a, b], 1, byParity);
  const weir = await connect({ seeds: [a.address], clientId: 'test', timeoutMs: 10_000, ...options });
  cleanups.push(() => weir.close());
  return { a, b, weir, push: (keys: BigUint64Array, sources: SourceRanges) => pushOnes(weir, keys, sources) };
}

function route(shards: ScriptedShard[], epoch: number, owner: (slot: number) => number): void {
  for (const shard of shards) shard.routing = scriptedRouting(epoch, shards, owner);
}

async function pushOnes(weir: Weir, keys: BigUint64Array, sources: SourceRanges, signal?: AbortSignal) {
  const table = await weir.table('sums');
  return await table.push(keys, new Float32Array(keys.length).fill(1), { sources, signal });
}

const covering = (from: number, to: number): SourceRanges => ({
  group: 'trainers',
  generation: 4,
  ranges: [
    { partition: 7, incarnation: 'log-1', from, to },
    { partition: 2, incarnation: 'log-2', from: 2 * from, to: 2 * to },
  ],
});

const onTheWire = (from: number, to: number) =>
  covering(from, to).ranges.map((range) => ({ ...range, group: 'trainers', generation: 4 }));

const sourcesOf = (shard: ScriptedShard) => shard.pushes.map(({ sources }) => sources);
const sumsOf = (shard: ScriptedShard): object => Object.fromEntries(shard.sums);

describe('a push with sources', () => {
  it('takes all ranges to every shard, in the first frame, also where it has no rows', async () => {
    const { a, b, weir, push } = await twoShards({ lingerMs: 10_000 });
    const keys = new BigUint64Array(40_000).fill(A[0]!);
    const { acks } = await push(keys, covering(0, 5));
    expect(new Map(acks.map(({ shard, seq }) => [shard, seq]))).toEqual(
      new Map([
        ['a', 1],
        ['b', 1],
      ]),
    );
    expect(a.framesReceived).toBe(2);
    expect((await weir.push([], { sources: covering(5, 6) })).acks.length).toBe(2);
    for (const shard of [a, b]) expect(sourcesOf(shard)).toEqual([onTheWire(0, 5), onTheWire(5, 6)]);
    expect(b.sums.size).toBe(0);
  });

  it('is merged with no other, and goes without lingering', async () => {
    const { a, weir, push } = await twoShards({ lingerMs: 10_000 });
    const table = await weir.table('sums');
    const plain = (): Promise<unknown> => table.push(A.slice(0, 1), Float32Array.of(1));
    const before = plain();
    await Promise.all([
      before,
      ...Array.from({ length: 5 }, (_, i) => push(A.slice(0, 2), covering(i, i + 1))),
    ]);
    expect(a.pushes.map(({ keys, sources }) => [keys.length, sources.length])).toEqual([
      [1, 0],
      ...Array(5).fill([2, 2]),
    ]);
  });

  it("tells which rows were passed over, by their place in the caller's keys", async () => {
    const { b, weir } = await twoShards();
    b.skips = [
      { tableUid: 'uid-sums', code: 'NOT_FINITE', keys: bytesOf(Uint32Array.of(0, 39)), rows: 2 },
      { tableUid: 'uid-sums', code: 'TABLE_FULL', keys: bytesOf(Uint32Array.of(5)), rows: 900 },
    ];
    const keys = BigUint64Array.from([...A, ...B]);
    const { skipped, skippedRows } = await pushOnes(weir, keys, covering(0, 1));
    const row = { shard: 'b', table: 'default/sums' };
    expect(skipped).toEqual([
      { ...row, code: 'NOT_FINITE', keyIndex: 40 },
      { ...row, code: 'NOT_FINITE', keyIndex: 79 },
      { ...row, code: 'TABLE_FULL', keyIndex: 45 },
    ]);
    expect(skippedRows).toBe(902);
  });

  it.each([
    ['SOURCE_GAP', 'partition 7 is at 3', { applied: 3 }],
    ['SOURCE_MIXED', 'partition 7 is at 3', {}],
    ['FENCED', 'partition 7 is in generation 5', { generation: 5 }],
    ['SOURCE_LOST', 'partition 7', {}],
  ] as const)("that a shard refuses with %s ends with the shard's word", async (code, message, details) => {
    const { b, push } = await twoShards();
    b.script = () => new WeirError(code, message, details);
    await expect(push(A, covering(0, 1))).rejects.toMatchObject({
      ...details,
      code,
      shard: 'b',
      message: expect.stringContaining(`b: ${message}`),
    });
  });

  it('comes again under its number after a lost connection', async () => {
    const { a, b, push } = await twoShards();
    b.script = () => 'lose';
    await push(B, covering(0, 1));
    for (const shard of [a, b]) expect([...shard.applied.values()]).toEqual([[1]]);
  });

  it('that ended early goes on by retry; one more of the same ranges comes behind it', async () => {
    const { a, b, weir } = await twoShards();
    b.script = () => 'mute';
    const ending = new AbortController();
    const unknown = pushOnes(weir, A, covering(0, 1), ending.signal).catch((error: unknown) => error);
    while (a.pushes.length + b.pushes.length < 2) await new Promise(setImmediate);
    ending.abort();
    const error = (await unknown) as OutcomeUnknownError;
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    b.script = () => 'apply';
    const [retried, again] = await Promise.all([error.retry(), pushOnes(weir, A, covering(0, 1))]);
    expect([retried.acks.length, again.acks.length]).toEqual([2, 2]);
    expect(sourcesOf(b)).toEqual([onTheWire(0, 1), onTheWire(0, 1)]);
    expect(b.gaps).toEqual([]);
  });

  it.each<[string, Partial<SourceRanges>]>([
    ["a group's name", { group: '' }],
    ['a generation', { generation: 0 }],
    ['have no ranges', { ranges: [] }],
    ['partition 1: [5, 5) is no range', { ranges: [{ partition: 1, incarnation: 'x', from: 5, to: 5 }] }],
    ['partition 1: [-1, 5) is no range', { ranges: [{ partition: 1, incarnation: 'x', from: -1, to: 5 }] }],
    ['a partition stands twice', { ranges: [...covering(0, 1).ranges, ...covering(1, 2).ranges] }],
    ['-1 is no partition', { ranges: [{ partition: -1, incarnation: 'x', from: 0, to: 5 }] }],
  ])('is refused before anything is sent: %s', async (message, wrong) => {
    const { a, b, push } = await twoShards();
    await expect(push(A, { ...covering(0, 1), ...wrong })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
    expect([a.framesReceived, b.framesReceived]).toEqual([0, 0]);
  });
});

describe('a push with sources by an old routing table', () => {
  const notOwner = new WeirError('NOT_OWNER', 'moved', { epoch: 2 });
  /** Refuses every push with rows, as all shards do that lost slots. */
  const refusing = (_: number, keys: readonly bigint[]) => (keys.length > 0 ? notOwner : 'apply');

  it('is split anew as a whole where nobody has applied it', async () => {
    const { a, b, push } = await twoShards();
    for (const shard of [a, b]) shard.script = (number) => (number === 1 ? notOwner : 'apply');
    route([a, b], 2, (slot) => (slot < 512 ? 0 : 1));
    await push(BigUint64Array.from([...A, ...B]), covering(0, 1));
    expect(a.sums.size + b.sums.size).toBe(80);
    for (const shard of [a, b]) {
      expect(sourcesOf(shard)).toEqual([onTheWire(0, 1)]);
      expect(new Set(shard.sums.values())).toEqual(new Set([1]));
    }
  });

  it('goes again to the shard that refused it, and to no other, when its rows stay there', async () => {
    const { a, b, push } = await twoShards();
    a.script = (number) => (number === 1 ? notOwner : 'apply');
    const { acks } = await push(BigUint64Array.from([...A, ...B]), covering(0, 1));
    expect(acks.map(({ shard }) => shard).sort()).toEqual(['a', 'b']);
    expect([sourcesOf(a), sourcesOf(b)]).toEqual([[onTheWire(0, 1)], [onTheWire(0, 1)]]);
    expect([a.sums.size, b.sums.size]).toEqual([40, 40]);
  });

  it('ends with SOURCE_LOST when its rows belong to a shard that has the ranges already', async () => {
    const { a, b, push } = await twoShards();
    a.script = refusing;
    route([a, b], 2, () => 1);
    await expect(push(A, covering(0, 1))).rejects.toMatchObject({
      code: 'SOURCE_LOST',
      shard: 'b',
      message: expect.stringContaining('b owns 40 rows of the push since epoch 2'),
    });
    expect(sumsOf(b)).toEqual({});
  });

  it('ends with the refusal of another shard, if there is one', async () => {
    const { a, b, push } = await twoShards();
    a.script = refusing;
    b.script = () => new WeirError('SOURCE_GAP', 'at 3', { applied: 3 });
    await expect(push(A, covering(0, 1))).rejects.toMatchObject({ code: 'SOURCE_GAP', applied: 3 });
  });
});
