// Where each partition of a group begins, agreed from what all shards have recorded. Pure.
import { WeirError } from '@weir/proto';
import type { ShardOffsets, SourceOffset, SourceStart } from './sources.ts';

interface Recorded {
  readonly shard: string;
  readonly offset: SourceOffset;
}

/**
 * The partitions as every shard is to store them: a start that some shard has recorded wins over the one asked for.
 * @throws WeirError FENCED, SOURCE_LOST naming shard and partition, before any shard has stored anything.
 */
export function agreedStarts(
  group: string,
  generation: number,
  asked: readonly SourceStart[],
  recorded: readonly ShardOffsets[],
): SourceStart[] {
  return asked.map((wanted) => {
    const known = recorded.flatMap(({ shard, partitions }) => {
      const offset = partitions.find(({ partition }) => partition === wanted.partition);
      return offset === undefined ? [] : [{ shard, offset }];
    });
    for (const one of known) {
      requireNotFenced(group, generation, one);
      requireNotLost(group, one);
      requireIncarnation(group, wanted, one);
    }
    requireOneStart(group, known);
    return { ...wanted, start: known[0]?.offset.start ?? wanted.start };
  });
}

function requireNotFenced(group: string, generation: number, { shard, offset }: Recorded): void {
  if (offset.generation <= generation) return;
  throw new WeirError(
    'FENCED',
    `${shard}: partition ${offset.partition} of source ${group} is acquired in generation ${offset.generation}, ` +
      `which is above ${generation}: a successor has taken over`,
    { shard, generation: offset.generation },
  );
}

function requireNotLost(group: string, { shard, offset }: Recorded): void {
  if (!offset.lost) return;
  throw new WeirError(
    'SOURCE_LOST',
    `${shard}: its offsets of partition ${offset.partition} of source ${group} were lost with its rows; ` +
      resetAdvice(group, offset.partition),
    { shard },
  );
}

function requireIncarnation(group: string, wanted: SourceStart, { shard, offset }: Recorded): void {
  if (offset.incarnation === wanted.incarnation) return;
  throw new WeirError(
    'SOURCE_LOST',
    `${shard}: it has offsets of incarnation '${offset.incarnation}' of partition ${offset.partition} of source ` +
      `${group}, not of '${wanted.incarnation}'; ${resetAdvice(group, offset.partition)}`,
    { shard },
  );
}

/** @throws WeirError SOURCE_LOST when shards began at different offsets: then none of them can be right for all rows. */
export function requireOneStart(group: string, known: readonly Recorded[]): void {
  const [first] = known;
  const other = known.find(({ offset }) => offset.start !== first?.offset.start);
  if (first === undefined || other === undefined) return;
  const { partition } = first.offset;
  throw new WeirError(
    'SOURCE_LOST',
    `partition ${partition} of source ${group} began at ${first.offset.start} on ${first.shard}, ` +
      `but at ${other.offset.start} on ${other.shard}; ${resetAdvice(group, partition)}`,
    { shard: other.shard },
  );
}

function resetAdvice(group: string, partition: number): string {
  return (
    `weir source reset ${group} --partition ${partition} forgets its offsets, ` +
    'so that the next acquire begins at the start that it is given'
  );
}
