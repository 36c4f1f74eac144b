// Takes over a partition's outputs: older generations are fenced, and what the streams hold must follow from the state.
import { WeirError } from '@weir/proto';
import type { CallOptions, Producer, StreamsClient } from '@weir/streams/client';
import { OUTPUT_STREAMS } from '../core/join-step.ts';
import type { PartitionStitcher } from './partition-stitcher.ts';

/** @throws WeirError SOURCE_LOST when the stream or the folder has lost records; FENCED when a newer process runs. */
export async function fenceOutputs(
  client: StreamsClient,
  stitcher: PartitionStitcher,
  producer: Producer,
  options?: CallOptions,
): Promise<void> {
  const { partition } = stitcher.join.options;
  await Promise.all(
    OUTPUT_STREAMS.map(async (stream) => {
      const { lastSequence } = await client.fence(stream, partition, producer, options);
      const given = stitcher.lastSequence(stream);
      const unsent = stitcher.unsent.filter((entry) => entry.stream === stream);
      const first = unsent.length === 0 ? given + 1 : Math.min(...unsent.map((entry) => entry.firstSequence));
      if (lastSequence > given) {
        throw new WeirError(
          'SOURCE_LOST',
          `${stream}/${partition} holds record ${lastSequence} of ${producer.id}, but the stitcher's state knows only ${given}: it is an older copy; use the newest folder`,
        );
      }
      if (lastSequence < first - 1) {
        throw new WeirError(
          'SOURCE_LOST',
          `${stream}/${partition} ends at record ${lastSequence} of ${producer.id}, but ${first - 1} were appended: the stream was lost or made anew; use a new stitcher folder`,
        );
      }
    }),
  );
}
