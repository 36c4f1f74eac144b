// The streams that collector and stitcher share with the rest of the pipeline; all have the same partitions.
import { WeirError } from '@weir/proto';
import type { CallOptions, StreamsClient } from '@weir/streams/client';

/** The state of stitchers that are members of a group, as a log of its changes. */
export const STATE_STREAM = 'stitcher-state';

/**
 * Makes the streams where they are missing.
 * @param partitions of streams that have to be made when `features` does not exist yet
 * @returns the number of partitions
 */
export async function ensureStreams(
  client: StreamsClient,
  streams: readonly string[],
  partitions: number,
  options: CallOptions,
): Promise<number> {
  const count = (await existingPartitions(client, 'features', options)) ?? partitions;
  const ensure = async (stream: string): Promise<void> => {
    // Looked for first: who reads a stream need not be one who may make it.
    const existing = await existingPartitions(client, stream, options);
    if (existing !== count) await client.create(stream, count, options);
  };
  await Promise.all(streams.map(ensure));
  return count;
}

async function existingPartitions(
  client: StreamsClient,
  stream: string,
  options: CallOptions,
): Promise<number | undefined> {
  try {
    return await client.partitions(stream, options);
  } catch (error) {
    if (WeirError.from(error).code !== 'STREAM_NOT_FOUND') throw error;
    return undefined;
  }
}
