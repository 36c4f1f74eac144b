// The defects that the suite must notice, each put into the service that it concerns.
import { setTimeout as sleep } from 'node:timers/promises';

export type Bug =
  | 'offset stored after the push'
  | 'offsets returned before the fence is on every shard'
  | 'stream sequences kept in memory only';

/** From reading offsets to the fence: so long nothing keeps a zombie out. */
const UNFENCED_MS = 1_000;

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
  Sources.prototype.acquire = async function (generation, partitions, options) {
    const read = await this.describe(options);
    await sleep(UNFENCED_MS);
    const acquired = await acquire.call(this, generation, partitions, options);
    const appliedAt = (shard: string, partition: number): number | undefined =>
      read.find((one) => one.shard === shard)?.partitions.find((one) => one.partition === partition)?.applied;
    return acquired.map(({ partition, start, offsets }) => ({
      partition,
      start,
      offsets: offsets.map(({ shard, applied }) => ({
        shard,
        applied: appliedAt(shard, partition) ?? applied,
      })),
    }));
  };
}

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
