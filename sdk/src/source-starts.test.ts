import { describe, expect, it } from 'vitest';
import { agreedStarts } from './source-starts.ts';
import type { ShardOffsets, SourceOffset } from './sources.ts';

const ASKED = [
  { partition: 0, incarnation: 'log-0', start: 10 },
  { partition: 5, incarnation: 'log-5', start: 0 },
];

function recorded(...shards: readonly Partial<SourceOffset>[][]): ShardOffsets[] {
  return shards.map((partitions, i) => ({
    shard: `shard-${i}`,
    partitions: partitions.map((offset) => ({
      partition: 5,
      incarnation: 'log-5',
      generation: 3,
      start: 100,
      applied: 120,
      lost: false,
      ...offset,
    })),
  }));
}

const starts = (...shards: readonly Partial<SourceOffset>[][]) =>
  agreedStarts('trainers', 3, ASKED, recorded(...shards)).map(({ start }) => start);

describe('starts', () => {
  it('are those asked for where no shard knows the partition', () => {
    expect(starts([], [], [])).toEqual([10, 0]);
  });

  it('are what any shard has recorded, whatever was asked for', () => {
    expect(starts([], [{ generation: 2 }], [])).toEqual([10, 100]);
    expect(starts([{ partition: 9, start: 7 }], [{}], [{}])).toEqual([10, 100]);
  });

  it.each<[string, string, Partial<SourceOffset>[][]]>([
    [
      'SOURCE_LOST',
      'began at 100 on shard-0, but at 90 on shard-2; weir source reset trainers --partition 5',
      [[{}], [], [{ start: 90 }]],
    ],
    [
      'SOURCE_LOST',
      "shard-1: it has offsets of incarnation 'x' of partition 5",
      [[], [{ incarnation: 'x' }]],
    ],
    [
      'FENCED',
      'shard-1: partition 5 of source trainers is acquired in generation 4',
      [[{}], [{ generation: 4 }]],
    ],
  ])('end with %s where shards say otherwise: %s', (code, message, shards) => {
    expect(() => starts(...shards)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});
