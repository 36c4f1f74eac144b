// The core over a store that is opened again: what conformance over one opening cannot see.
import { openMemoryStore, type Store } from '@weir/store';
import { describe, expect, it } from 'vitest';
import { PARTITIONS_MAX, PARTITIONS_TOTAL_MAX } from '../limits.ts';
import { decodeFrames } from '../wire/messages.ts';
import { encodeRecord } from '../wire/record-codec.ts';
import { chunkKey, FAMILIES } from './keys.ts';
import { readParts } from './read-parts.ts';
import { StreamsCore } from './streams-core.ts';

let incarnations = 0;
const open = (store: Store): Promise<StreamsCore> =>
  StreamsCore.open(store, {
    durability: 'process',
    now: () => 1_000,
    incarnation: () => `incarnation-${++incarnations}`,
  });
const newStore = (): Store => openMemoryStore({ families: FAMILIES });

const append = (core: StreamsCore, values: readonly number[], partition = 0) =>
  core.append({
    stream: 's',
    partition,
    producer: undefined,
    firstSequence: 0,
    records: values.map((value) => encodeRecord({ progressTimeMs: value })),
  });

async function readAll(core: StreamsCore, offset: number, partition = 0) {
  const request = { stream: 's', partition, offset, follow: false, incarnation: '' };
  const records = [];
  for await (const part of readParts(core, request, new AbortController().signal)) {
    records.push(...part.frames.flatMap(decodeFrames));
  }
  return records;
}

describe('streams core', () => {
  it('reads from the store what is no longer in memory, from every offset', async () => {
    const store = newStore();
    const before = await open(store);
    await before.create('s', 300);
    const values = Array.from({ length: 60 }, (_, index) => index);
    for (let index = 0; index < 60; index += 3) {
      await append(before, values.slice(index, index + 3), 255);
    }
    await append(before, [7], 256);
    await before.close();
    const core = await open(store);
    for (const offset of [0, 1, 2, 3, 29, 58, 59, 60]) {
      const records = await readAll(core, offset, 255);
      expect(records.map((record) => record.offset)).toEqual(values.slice(offset));
      expect(records.map((record) => record.progressTimeMs)).toEqual(values.slice(offset));
    }
    await append(core, [60], 255);
    expect((await readAll(core, 58, 255)).map((record) => record.progressTimeMs)).toEqual([58, 59, 60]);
    expect(core.ends('s')[256]).toMatchObject({ startOffset: 0, endOffset: 1 });
  });

  it('has no more partitions than a process may have, over all streams', async () => {
    const core = await open(newStore());
    for (let i = 0; i < PARTITIONS_TOTAL_MAX / PARTITIONS_MAX; i++)
      await core.create(`s${i}`, PARTITIONS_MAX);
    await expect(core.create('one-more', 1)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await core.create('s0', PARTITIONS_MAX)).toBe(false);
    await core.close();
  });

  it('finds a hole in the store CORRUPT, and names it', async () => {
    const store = newStore();
    const before = await open(store);
    await before.create('s', 1);
    for (const value of [0, 1, 2, 3]) await append(before, [value]);
    await store.write(store.batch().delete('records', chunkKey({ streamId: 1, partition: 0 }, 2)));
    const core = await open(store);
    await expect(readAll(core, 0)).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining('stream "s", partition 0: the record at offset 2 is missing'),
    });
    await expect(readAll(core, 2)).rejects.toMatchObject({ code: 'CORRUPT' });
    expect((await readAll(core, 3)).map((record) => record.progressTimeMs)).toEqual([3]);
  });

  it('remembers the end of a partition that was trimmed to nothing', async () => {
    const store = newStore();
    const before = await open(store);
    await before.create('s', 1);
    await append(before, [0, 1, 2]);
    await before.trim('s', 0, 3);
    const core = await open(store);
    expect(core.ends('s')).toMatchObject([{ startOffset: 3, endOffset: 3 }]);
    expect((await append(core, [3])).endOffset).toBe(4);
  });

  it('gives streams made later numbers of their own', async () => {
    const store = newStore();
    const before = await open(store);
    await before.create('s', 1);
    await append(before, [1]);
    const core = await open(store);
    await core.create('t', 2);
    expect(core.streams()).toEqual([
      { stream: 's', partitions: 1 },
      { stream: 't', partitions: 2 },
    ]);
    expect(core.ends('t').map(({ endOffset }) => endOffset)).toEqual([0, 0]);
    const names = new Set([...core.ends('s'), ...core.ends('t')].map(({ incarnation }) => incarnation));
    expect(names.size).toBe(3);
  });

  it('trims below what every consumer has committed, in each partition, and never beyond', async () => {
    const store = newStore();
    const core = await open(store);
    await core.create('s', 2);
    await core.create('t', 1);
    for (const partition of [0, 1]) for (const value of [0, 1, 2, 3]) await append(core, [value], partition);
    const commit = (group: string, partition: number, offset: number, stream = 's') =>
      core.commitOffsets(group, stream, [{ partition, offset, timeMs: 0 }]);
    const starts = () => core.ends('s').map(({ startOffset }) => startOffset);

    // A consumer that has yet to come keeps everything, whatever others have done.
    await commit('other', 0, 4);
    expect(await core.trimCommitted('s', ['stitcher'])).toBe(0);
    await commit('stitcher', 0, 3);
    expect(await core.trimCommitted('s', ['stitcher'])).toBe(3);
    expect(starts()).toEqual([3, 0]);
    // A group that nobody named keeps what it has not committed; so does one that goes back.
    await commit('stitcher', 0, 4);
    await commit('other', 0, 3);
    await commit('stitcher', 1, 4);
    expect(await core.trimCommitted('s', ['stitcher'])).toBe(0);
    await commit('other', 1, 1);
    await commit('stitcher', 1, 2);
    // Groups of another stream are none of this one.
    await commit('third', 0, 0, 't');
    expect(await core.trimCommitted('s', ['stitcher'])).toBe(1);
    expect(starts()).toEqual([3, 1]);
    expect((await readAll(core, 1, 1)).map(({ progressTimeMs }) => progressTimeMs)).toEqual([1, 2, 3]);
    const again = await open(store);
    expect(again.ends('s').map(({ startOffset }) => startOffset)).toEqual([3, 1]);
  });
});
