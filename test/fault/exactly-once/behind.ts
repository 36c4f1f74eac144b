// How far the stages are behind the streams that they read: at rest, nowhere.
import type { Weir } from '@weir/sdk';
import type { Loop } from '../../../cli/src/local-cluster/loop.ts';
import type { SampleTally } from '../../e2e/sample-tally.ts';

/** Under which stitchers commit, alone or in a group. */
const STITCHER_GROUP = 'stitcher';

export interface BehindOptions {
  readonly loop: Loop;
  readonly weir: Weir;
  /** Read on here. */
  readonly tally: SampleTally;
  /** Event time below which everything is to be stitched. */
  readonly endMs: number;
}

/** What is not done yet, a text each: every final offset must be the end of its stream. */
export async function behindOf({ loop, weir, tally, endMs }: BehindOptions): Promise<string[]> {
  const { streams, trainerGroup } = loop;
  await tally.readOn();
  const behind: string[] = [];
  if (tally.progressTimeMs < endMs) {
    behind.push(`samples are stitched up to ${tally.progressTimeMs} of ${endMs}`);
  }
  const compare = async (
    stream: string,
    who: string,
    offsets: readonly { readonly partition: number; readonly offset: number }[],
  ): Promise<void> => {
    for (const { partition, endOffset } of await streams.endOffsets(stream)) {
      const offset = offsets.find((one) => one.partition === partition)?.offset;
      if (offset === endOffset) continue;
      behind.push(`${who} has ${offset} of the ${endOffset} records of ${stream}/${partition}`);
    }
  };
  for (const stream of ['features', 'behaviour']) {
    await compare(stream, 'the stitcher', await streams.groupOffsets(STITCHER_GROUP, stream));
  }
  for (const { shard, partitions } of await weir.sources(trainerGroup).describe()) {
    const offsets = partitions.map(({ partition, applied }) => ({ partition, offset: applied }));
    await compare('samples', shard, offsets);
  }
  return behind;
}
