// Members of groups against real shards, each a process with its data on disk.
import { type Cluster, startCluster } from '@weir/ps/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Group, type GroupPart, type PartValue, type Weir } from './index.ts';

let cluster: Cluster;
let weir: Weir;
beforeAll(async () => {
  cluster = await startCluster({ shards: 2 });
  weir = await connect({ seeds: cluster.seeds, clientId: 'test' });
});
afterAll(async () => {
  await weir?.close();
  await cluster?.stop();
});

const dense = (...values: number[]): GroupPart => ({
  name: 'dense',
  type: 'f32',
  reduce: 'mean',
  value: Float32Array.from(values),
});
const offsets = (...values: bigint[]): GroupPart => ({
  name: 'offsets',
  type: 'u64',
  reduce: 'concat',
  value: BigUint64Array.from(values),
});

/** All of one generation: the first ones hear of the last one's joining. */
async function join(name: string, members: readonly string[], leaseMs = 5_000): Promise<Group[]> {
  const groups: Group[] = [];
  for (const member of members) groups.push(await weir.group(name, { member, leaseMs }));
  await Promise.all(groups.map((group) => untilMembers(group, members.length)));
  return groups;
}

async function untilMembers(group: Group, count: number): Promise<void> {
  for await (const { members } of group.changes()) if (members.length === count) return;
}

describe('a group', () => {
  it('gives every member the same result, reduced in the order of names', async () => {
    const groups = await join('trainers', ['b', 'a', 'c']);
    expect(groups[0]!.members).toEqual(['a', 'b', 'c']);
    expect(groups.map(({ generation }) => generation)).toEqual([3, 3, 3]);
    expect(groups.map(({ nextStep }) => nextStep)).toEqual([1, 1, 1]);
    const results = await Promise.all(
      groups.map((group, i) => group.sync(1, [dense(i, 10 * i), offsets(BigInt(i))])),
    );
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    const [first] = results;
    expect(first).toMatchObject({ step: 1, generation: 3, members: ['a', 'b', 'c'] });
    expect(first!.parts[0]!.value).toEqual(Float32Array.of(1, 10));
    expect(first!.parts[1]!).toMatchObject({ value: BigUint64Array.of(1n, 0n, 2n), memberBytes: [8, 8, 8] });
    expect(groups[0]!.nextStep).toBe(2);
    expect(groups[0]!.lastResult).toEqual(first);
    await Promise.all(groups.map((group) => group.leave()));
  });

  it('tells a member that comes later, and anybody who asks, the last result', async () => {
    const [one] = await join('later', ['one']);
    expect(one!.lastResult).toBeUndefined();
    expect(await weir.group('later').latest()).toBeUndefined();
    await one!.sync(1, [dense(1)]);
    const second = await one!.sync(2, [dense(2)]);
    expect(await weir.group('later').latest()).toEqual(second);
    const two = await weir.group('later', { member: 'two' });
    expect(two).toMatchObject({ nextStep: 3, lastResult: second, members: ['one', 'two'] });
    await Promise.all([one!.leave(), two.leave()]);
    expect(await weir.group('later').latest()).toEqual(second);
    expect(await weir.group('never').latest()).toBeUndefined();
    await expect(weir.group('never').describe()).rejects.toMatchObject({ code: 'GROUP_NOT_FOUND' });
  });

  it('moves payloads larger than a message, and sends them again to who asks again', async () => {
    const groups = await join('large', ['a', 'b']);
    const values = new Float32Array(8_500_000);
    for (let i = 0; i < values.length; i++) values[i] = i;
    const part: GroupPart = { name: 'tower', type: 'f32', reduce: 'sum', value: values };
    const results = await Promise.all(
      groups.map((group) => group.sync(1, [dense(1), part], { timeoutMs: 60_000 })),
    );
    for (const { parts } of results) {
      const sum = parts[1]!.value as Float32Array;
      expect(sum.length).toBe(values.length);
      expect(sum.findIndex((value, i) => value !== Math.fround(2 * values[i]!))).toBe(-1);
    }
    const bytes = (value: PartValue) => Buffer.from(value.buffer);
    for (const again of [await groups[0]!.sync(1, [dense(1), part]), await weir.group('large').latest()]) {
      expect(bytes(again!.parts[1]!.value).equals(bytes(results[0]!.parts[1]!.value))).toBe(true);
    }
    await Promise.all(groups.map((group) => group.leave()));
  });

  it('ends a wait when somebody joins or leaves, and goes on in the new generation', async () => {
    const [a, b] = await join('changing', ['a', 'b']);
    const waiting = expect(a!.sync(1, [dense(1)])).rejects;
    const told = waiting.toMatchObject({ code: 'GROUP_CHANGED', generation: 3, members: ['a', 'b', 'c'] });
    const c = await weir.group('changing', { member: 'c' });
    await told;
    expect(a!.members).toEqual(['a', 'b', 'c']);
    const again = expect(a!.sync(1, [dense(3)])).rejects;
    const toldAgain = again.toMatchObject({ code: 'GROUP_CHANGED', members: ['a', 'c'] });
    await b!.leave();
    await toldAgain;
    await untilMembers(c, 2);
    const results = await Promise.all([a, c].map((group) => group!.sync(1, [dense(5)])));
    expect(results[0]!.parts[0]!.value).toEqual(Float32Array.of(5));
    await Promise.all([a!.leave(), c.leave()]);
  });

  it('names who is missing when the time is up, and goes on waiting when asked again', async () => {
    const [a, b] = await join('slow', ['a', 'b']);
    await expect(a!.sync(1, [dense(1)], { timeoutMs: 1_500 })).rejects.toMatchObject({
      code: 'BARRIER_TIMEOUT',
      members: ['b'],
    });
    const described = await weir.group('slow').describe();
    expect(described).toMatchObject({ nextStep: 1, waitingFor: ['b'] });
    expect(described.waitingMs).toBeGreaterThan(0);
    // What a contributed before the time was up stands.
    const [first, second] = await Promise.all([a!.sync(1, [dense(100)]), b!.sync(1, [dense(3)])]);
    expect(first.parts[0]!.value).toEqual(Float32Array.of(2));
    expect(second).toEqual(first);
    await Promise.all([a!.leave(), b!.leave()]);
  });

  it('refuses parts that do not fit those of the others, and values that are not finite', async () => {
    const [a, b] = await join('misfits', ['a', 'b']);
    const waiting = a!.sync(1, [dense(1, 2)]);
    waiting.catch(() => undefined);
    const refused = (parts: GroupPart[]) => expect(b!.sync(1, parts)).rejects;
    await refused([dense(1)]).toMatchObject({ code: 'INVALID_ARGUMENT', message: /part dense has 4 bytes/ });
    await refused([{ ...dense(1, 2), reduce: 'sum' }]).toMatchObject({ code: 'INVALID_ARGUMENT' });
    await refused([dense(1, Number.NaN)]).toMatchObject({ code: 'NOT_FINITE', keyIndex: 1 });
    await refused([{ ...dense(1), value: new Float64Array(1) }]).toMatchObject({ message: /Float32Array/ });
    await expect(b!.sync(3, [dense(1, 2)])).rejects.toMatchObject({ message: /the next one is 1/ });
    await b!.sync(1, [dense(3, 4)]);
    expect((await waiting).parts[0]!.value).toEqual(Float32Array.of(2, 3));
    await Promise.all([a!.leave(), b!.leave()]);
  });

  it('gives the place of a member to a process that joins under its name', async () => {
    const [old] = await join('replaced', ['a']);
    const changes = (async () => {
      for await (const _ of old!.changes());
    })();
    const successor = await weir.group('replaced', { member: 'a', leaseMs: 5_000 });
    await expect(old!.sync(1, [dense(1)])).rejects.toMatchObject({ code: 'FENCED' });
    await expect(changes).rejects.toMatchObject({ code: 'FENCED' });
    await expect(old!.sync(1, [dense(1)])).rejects.toMatchObject({ code: 'FENCED' });
    expect((await successor.sync(1, [dense(7)])).generation).toBe(2);
    await successor.leave();
  });

  it('keeps the last results, and says when one is not kept any more', async () => {
    const [a] = await join('history', ['a']);
    for (let step = 1; step <= 12; step++) await a!.sync(step, [dense(step)]);
    expect((await a!.sync(5, [])).parts[0]!.value).toEqual(Float32Array.of(5));
    await expect(a!.sync(4, [])).rejects.toMatchObject({ code: 'STEP_EXPIRED' });
    await a!.leave();
  });

  it('ends a wait when the signal aborts', async () => {
    const [a] = await join('aborted', ['a', 'b']);
    const abort = new AbortController();
    const waiting = a!.sync(1, [dense(1)], { signal: abort.signal });
    setTimeout(() => abort.abort(), 50);
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
