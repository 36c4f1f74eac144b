// gRPC in front of the core: messages to calls and back, errors to statuses. Refuses what is no message; decides
// nothing else.
import type {
  handleServerStreamingCall,
  handleUnaryCall,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
} from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import type { ReadRequest } from '@weir/proto/v1/streams';
import { accessOf, type CallAccess } from '@weir/runtime';
import { readParts } from '../core/read-parts.ts';
import { weirErrorOf } from '../core/store-failure.ts';
import type { StreamsCore } from '../core/streams-core.ts';
import { decodeAppendRequest, type EncodedAppend, encodeReadResponse } from '../wire/messages.ts';
import { decodeRecord } from '../wire/record-codec.ts';
import type { StreamsMetrics } from './metrics.ts';
import type { StreamsRpc } from './rpc-definition.ts';

type Rpc = typeof StreamsRpc;
type Request<M extends keyof Rpc> = ReturnType<Rpc[M]['requestDeserialize']>;
type Response<M extends keyof Rpc> = ReturnType<Rpc[M]['responseDeserialize']>;
type Unary = Exclude<keyof Rpc, 'read'>;

export type StreamsHandlers = {
  readonly [M in Unary]: handleUnaryCall<Request<M>, Response<M>>;
} & { readonly read: handleServerStreamingCall<ReadRequest, Buffer> };

/** `stopping`: ends reads that follow, so that their clients go elsewhere or come back. */
export function streamsHandlers(
  core: StreamsCore,
  metrics: StreamsMetrics,
  stopping: AbortSignal,
): StreamsHandlers {
  return {
    createStream: unary(async ({ stream, partitions }) => ({
      partitions,
      created: await core.create(stream, partitions),
    })),
    listStreams: unary(async (_, access) => ({
      streams: core.streams().filter(({ stream }) => access.may('read', 'streams', stream)),
    })),
    append: unary(async (bytes, access) => {
      const append = parseAppend(bytes);
      const denied = access.refusal(append);
      if (denied !== undefined) throw denied;
      const result = await core.append(append);
      metrics.appended(append.records.length, result.duplicates, bytes.byteLength);
      return result;
    }),
    endOffsets: unary(async ({ stream }) => ({ partitions: core.ends(stream) })),
    commitOffsets: unary(async ({ group, stream, offsets }) => {
      await core.commitOffsets(group, stream, offsets);
      return {};
    }),
    groupOffsets: unary(async ({ group, stream }) => ({ offsets: await core.groupOffsets(group, stream) })),
    trim: unary(async ({ stream, partition, offset }) => ({
      startOffset: await core.trim(stream, partition, offset),
    })),
    fence: unary(async ({ stream, partition, producer }) => ({
      lastSequence: await core.fence(stream, partition, producer ?? { id: '', epoch: 0 }),
    })),
    read: (call) => {
      void read(core, metrics, stopping, call);
    },
  };
}

function unary<Request, Response>(
  handle: (request: Request, access: CallAccess) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>) => {
    handle(call.request, accessOf(call)).then(
      (response) => callback(null, response),
      (error: unknown) => callback(weirErrorOf(error).toStatus()),
    );
  };
}

async function read(
  core: StreamsCore,
  metrics: StreamsMetrics,
  stopping: AbortSignal,
  call: ServerWritableStream<ReadRequest, Buffer>,
): Promise<void> {
  const gone = new AbortController();
  call.on('cancelled', () => gone.abort());
  call.on('error', () => gone.abort());
  metrics.readers(1);
  try {
    for await (const part of readParts(core, call.request, AbortSignal.any([gone.signal, stopping]))) {
      metrics.sent(part.nextOffset - part.firstOffset, part.bytes);
      await written(call, encodeReadResponse(part.frames, part.endOffset, part.incarnation), gone.signal);
    }
    if (stopping.aborted) throw new WeirError('UNAVAILABLE', 'the streams server is stopping');
    call.end();
  } catch (error) {
    call.emit('error', weirErrorOf(error).toStatus());
  } finally {
    metrics.readers(-1);
  }
}

/** Resolves when the transport has taken the bytes: a slow reader has one answer on its way, not a queue. */
function written(
  call: ServerWritableStream<ReadRequest, Buffer>,
  bytes: Buffer,
  gone: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      gone.removeEventListener('abort', done);
      resolve();
    };
    gone.addEventListener('abort', done);
    call.write(bytes, done);
  });
}

/** Records are stored as they came, so one that cannot be read is refused here: no reader would come past it. */
function parseAppend(bytes: Uint8Array): EncodedAppend {
  try {
    const append = decodeAppendRequest(bytes);
    for (const record of append.records) decodeRecord(record);
    return append;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new WeirError('INVALID_ARGUMENT', `not an AppendRequest: ${error.message}`, { cause: error });
  }
}
