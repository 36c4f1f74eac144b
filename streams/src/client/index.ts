export { partitionOf } from '../partition-of.ts';
export {
  type AppendOptions,
  type AppendRecord,
  type AppendResult,
  type CallOptions,
  END_OF_INPUT_MS,
  type GroupOffset,
  type PartitionEnd,
  type Producer,
  type ReadBatch,
  type ReadOptions,
  type StreamRecord,
  type StreamsClient,
} from '../streams-client.ts';
export { type ConnectStreamsOptions, connectStreams } from './connect-streams.ts';
