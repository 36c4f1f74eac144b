// The defects that the suite must notice, each put into the service that it concerns.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ShardOffsets } from '../../../sdk/src/sources.ts';
import { saidBy, say } from './words.ts';

export type Bug =
  | 'offset stored after the push'
  | 'offsets returned before the fence is on every shard'
  | 'stream sequences kept in memory only';

const LOOK_MS = 10;

/** @param folder where the processes of the world hear of each other. */
export async function putIn(bug: Bug, service: string, folder: string): Promise<void> {
  const { of, put } = BUGS[bug];
  if (of === service) await put(folder);
}

const BUGS: Readonly<Record<Bug, { readonly of: string; readonly put: (folder: string) => Promise<void> }>> =
  {
    'offset stored after the push': { of: 'trainer', put: storeOffsetAfterPush },
    'offsets returned before the fence is on every shard': { of: 'trainer', put: returnBeforeFence },
    'stream sequences kept in memory only': { of: 'streams', put: forgetSequences },
  };

/** Rows go without their ranges, which follow in a push of their own. */
async function storeOffsetAfterPush(): Promise<void> {
  const { Weir } = await import('../../../sdk/src/weir.ts');
  const { push } = Weir.prototype;
  Weir.prototype.push = async function (parts, options) {
    if (options?.sources === undefined || parts.length === 0) return push.call(this, parts, options);
    const { sources, ...rest } = options;
    // Through `this`: a worst moment lies between the two.
    const rows = await this.push(parts, rest);
    await push.call(this, [], { sources });
    return rows;
  };
}

/**
 * Offsets are read, then generations stored: what is applied in between is not in what was read. Nothing keeps a zombie
 * out so long, and whoever has inherited its partitions lets it come.
 */
async function returnBeforeFence(folder: string): Promise<void> {
  const { Sources } = await import('../../../sdk/src/sources.ts');
  const { acquire } = Sources.prototype;
  Sources.prototype.acquire = async function (generation, partitions, options) {
    const zombie = saidBy(folder, 'asleep');
    // It must not end the generation that its heir has still to store.
    if (zombie === process.pid) return new Promise(() => {});
    const own = new Set(partitions.map(({ partition }) => partition));
    const known = await this.describe();
    const isHeir = known.every((shard) => shard.partitions.every(({ partition }) => own.has(partition)));
    if (zombie === undefined || !isHeir || saidBy(folder, 'zombie pushed') !== undefined) {
      return acquire.call(this, generation, partitions, options);
    }
    const read = appliedOf(known);
    say(folder, 'offsets read');
    while (!isAhead(appliedOf(await this.describe()), read)) await sleep(LOOK_MS);
    say(folder, 'zombie pushed');
    // Without their end: the generation may be over, and what is told counts all the same.
    const acquired = await acquire.call(this, generation, partitions);
    return acquired.map(({ partition, start, offsets }) => ({
      partition,
      start,
      offsets: offsets.map(({ shard, applied }) => ({
        shard,
        applied: read.get(placeOf(shard, partition)) ?? applied,
      })),
    }));
  };
}

function appliedOf(shards: readonly ShardOffsets[]): ReadonlyMap<string, number> {
  return new Map(
    shards.flatMap(({ shard, partitions }) =>
      partitions.map(({ partition, applied }) => [placeOf(shard, partition), applied]),
    ),
  );
}

const placeOf = (shard: string, partition: number): string => `${shard}/${partition}`;

const isAhead = (now: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): boolean =>
  [...now].some(([place, applied]) => applied > (before.get(place) ?? 0));

/** A partition knows of a producer what it has heard since the start of its process. */
async function forgetSequences(): Promise<void> {
  const { PartitionLog } = await import('../../../streams/src/core/partition-log.ts');
  const { admit } = PartitionLog.prototype;
  const heard = new WeakMap<object, Map<string, number>>();
  PartitionLog.prototype.admit = function (producer, firstSequence, count) {
    const admission = admit.call(this, producer, firstSequence, count);
    const producers = heard.get(this) ?? new Map<string, number>();
    heard.set(this, producers);
    const last = Math.max(firstSequence - 1, producers.get(producer.id) ?? 0);
    producers.set(producer.id, Math.max(last, firstSequence + count - 1));
    return { ...admission, duplicates: Math.min(count, last - firstSequence + 1) };
  };
}
