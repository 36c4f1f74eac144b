// The defects that the suite must notice, each put into the service that it concerns.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ShardOffsets } from '../../../sdk/src/sources.ts';

export type Bug =
  | 'offset stored after the push'
  | 'offsets returned before the fence is on every shard'
  | 'stream sequences kept in memory only';

/** From reading offsets to the fence, unless a zombie comes first: so long nothing keeps it out. */
const UNFENCED_MS = 1_000;
const LOOK_MS = 10;

export async function putIn(bug: Bug, service: string): Promise<void> {
  const { of, put } = BUGS[bug];
  if (of === service) await put();
}

const BUGS: Readonly<Record<Bug, { readonly of: string; readonly put: () => Promise<void> }>> = {
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

/** Offsets are read, then generations stored: what is applied in between is not in what was read. */
async function returnBeforeFence(): Promise<void> {
  const { Sources } = await import('../../../sdk/src/sources.ts');
  const { acquire } = Sources.prototype;
  Sources.prototype.acquire = async function (generation, partitions) {
    // Without their end: when the zombie joins again the generation is over, and what it was told counts all the same.
    const appliedNow = async (): Promise<ReadonlyMap<string, number>> =>
      appliedOf(await this.describe(), new Set(partitions.map(({ partition }) => partition)));
    const read = await appliedNow();
    const endMs = performance.now() + UNFENCED_MS;
    while (performance.now() < endMs && !isAhead(await appliedNow(), read)) await sleep(LOOK_MS);
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

function appliedOf(shards: readonly ShardOffsets[], own: ReadonlySet<number>): ReadonlyMap<string, number> {
  return new Map(
    shards.flatMap(({ shard, partitions }) =>
      partitions
        .filter(({ partition }) => own.has(partition))
        .map(({ partition, applied }) => [placeOf(shard, partition), applied]),
    ),
  );
}

const placeOf = (shard: string, partition: number): string => `${shard}/${partition}`;

const isAhead = (now: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): boolean =>
  [...now].some(([place, applied]) => applied > (before.get(place) ?? 0));

/** What a partition knows of a producer of whom this process has not heard is from before its start: it does not count. */
async function forgetSequences(): Promise<void> {
  const { PartitionLog } = await import('../../../streams/src/core/partition-log.ts');
  const { admit } = PartitionLog.prototype;
  const heard = new WeakMap<object, Set<string>>();
  PartitionLog.prototype.admit = function (producer, firstSequence, count) {
    const admission = admit.call(this, producer, firstSequence, count);
    const producers = heard.get(this) ?? new Set();
    heard.set(this, producers);
    if (producers.has(producer.id)) return admission;
    producers.add(producer.id);
    return { ...admission, duplicates: 0 };
  };
}
