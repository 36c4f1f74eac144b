// The gRPC service with the two hot messages left as bytes: an append's records go into the store as they came, and
// a reader's answer is put together from stored frames.
import { StreamsService } from '@weir/proto/v1/streams';

const asIs = (bytes: Buffer): Buffer => bytes;

export const StreamsRpc = {
  ...StreamsService,
  append: { ...StreamsService.append, requestSerialize: asIs, requestDeserialize: asIs },
  read: { ...StreamsService.read, responseSerialize: asIs, responseDeserialize: asIs },
} as const;
