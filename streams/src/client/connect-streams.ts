// The client over gRPC. One connection; appends of a partition share calls; every call has one deadline over all its
// attempts, so that a server which is killed and started again is survived.
import type { MethodDefinition } from '@grpc/grpc-js';
import { type SpanContext, WeirError } from '@weir/proto';
import { AppendResponse, StreamsService } from '@weir/proto/v1/streams';
import {
  APPEND_BYTES_MAX,
  CALL_TIMEOUT_MS,
  CLIENT_WAITING_BYTES_MAX,
  OVERLOADED_RETRY_MS,
} from '../limits.ts';
import type {
  AppendOptions,
  AppendRecord,
  AppendResult,
  CallOptions,
  GroupOffset,
  PartitionEnd,
  Producer,
  ReadBatch,
  ReadOptions,
  StreamsClient,
} from '../streams-client.ts';
import { tracedAppend } from '../trace-append.ts';
import { encodeRecords } from '../wire/encode-records.ts';
import { type EncodedAppend, encodeAppendRequest } from '../wire/messages.ts';
import { AppendJob } from './append-job.ts';
import { AppendLane } from './append-lane.ts';
import { type Channel, type ConnectStreamsOptions, openChannel } from './channel.ts';
import { readStream } from './read-stream.ts';
import { withRetries } from './retry.ts';
import { callOnce } from './unary-call.ts';

export type { ConnectStreamsOptions } from './channel.ts';

/** Connects with the first call: a server that is not there shows as that call's DEADLINE_EXCEEDED. */
export function connectStreams(options: ConnectStreamsOptions): StreamsClient {
  return new RemoteClient(openChannel(options));
}

/** Records are encoded already. */
const APPEND = {
  path: StreamsService.append.path,
  requestSerialize: (bytes: Buffer) => bytes,
  responseDeserialize: (bytes: Buffer) => AppendResponse.decode(bytes),
};

class RemoteClient implements StreamsClient {
  readonly #channel: Channel;
  readonly #closed = new AbortController();
  readonly #lanes = new Map<string, AppendLane>();
  readonly #jobs = new Set<AppendJob>();
  #waitingBytes = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  async create(stream: string, partitions: number, options?: CallOptions): Promise<void> {
    const request = { stream, partitions };
    await this.#call(`create of stream "${stream}"`, StreamsService.createStream, request, options);
  }

  async partitions(stream: string, options?: CallOptions): Promise<number> {
    return (await this.endOffsets(stream, options)).length;
  }

  append(
    stream: string,
    partition: number,
    records: readonly AppendRecord[],
    options: AppendOptions = {},
  ): Promise<AppendResult> {
    return tracedAppend(stream, partition, records, (traced, callers) =>
      this.#append(stream, partition, traced, options, callers),
    );
  }

  async #append(
    stream: string,
    partition: number,
    records: readonly AppendRecord[],
    options: AppendOptions,
    callers: readonly SpanContext[],
  ): Promise<AppendResult> {
    const what = `append to stream "${stream}", partition ${partition}`;
    this.#assertOpen(what);
    const encoded = encodeRecords(records);
    const bytes = encoded.reduce((sum, { byteLength }) => sum + byteLength, 0);
    this.#checkRoom(what, bytes);
    const job = new AppendJob(what, encoded, bytes, options.timeoutMs ?? CALL_TIMEOUT_MS, options, callers);
    this.#waitingBytes += bytes;
    this.#jobs.add(job);
    try {
      if (!job.ended) this.#lane(stream, partition).add(job);
      return await job.result;
    } finally {
      this.#waitingBytes -= bytes;
      this.#jobs.delete(job);
    }
  }

  read(stream: string, partition: number, options: ReadOptions): AsyncIterable<ReadBatch> {
    return readStream(this.#channel, stream, partition, options, this.#closed.signal);
  }

  async endOffsets(stream: string, options?: CallOptions): Promise<PartitionEnd[]> {
    const what = `end offsets of stream "${stream}"`;
    return (await this.#call(what, StreamsService.endOffsets, { stream }, options)).partitions;
  }

  async commitOffsets(
    group: string,
    stream: string,
    offsets: readonly GroupOffset[],
    options?: CallOptions,
  ): Promise<void> {
    const request = { group, stream, offsets: [...offsets] };
    await this.#call(`commit of group "${group}"`, StreamsService.commitOffsets, request, options);
  }

  async groupOffsets(group: string, stream: string, options?: CallOptions): Promise<GroupOffset[]> {
    const what = `offsets of group "${group}"`;
    return (await this.#call(what, StreamsService.groupOffsets, { group, stream }, options)).offsets;
  }

  async fence(
    stream: string,
    partition: number,
    producer: Producer,
    options?: CallOptions,
  ): Promise<{ lastSequence: number }> {
    const what = `fence of producer "${producer.id}" in stream "${stream}", partition ${partition}`;
    return this.#call(what, StreamsService.fence, { stream, partition, producer }, options);
  }

  async trim(stream: string, partition: number, offset: number, options?: CallOptions): Promise<void> {
    const what = `trim of stream "${stream}", partition ${partition}`;
    await this.#call(what, StreamsService.trim, { stream, partition, offset }, options);
  }

  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    for (const job of this.#jobs) job.reject(new WeirError('CANCELLED', 'the streams client is closed'));
    this.#channel.stub.close();
  }

  async #call<Request, Response>(
    what: string,
    method: Pick<MethodDefinition<Request, Response>, 'path' | 'requestSerialize' | 'responseDeserialize'>,
    request: Request,
    { signal, timeoutMs = CALL_TIMEOUT_MS }: CallOptions = {},
  ): Promise<Response> {
    this.#assertOpen(what);
    const ended = signal === undefined ? this.#closed.signal : AbortSignal.any([this.#closed.signal, signal]);
    const scope = { what, deadlineMs: performance.now() + timeoutMs, signal: ended };
    return withRetries(scope, () => callOnce(this.#channel, method, request, scope));
  }

  #lane(stream: string, partition: number): AppendLane {
    const key = `${stream}/${partition}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      const what = `append to stream "${stream}", partition ${partition}`;
      lane = new AppendLane(stream, partition, (append, deadlineMs, isAbandoned) =>
        this.#send(what, append, deadlineMs, isAbandoned),
      );
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #send(
    what: string,
    append: EncodedAppend,
    deadlineMs: number,
    isAbandoned: () => boolean,
  ): Promise<AppendResult> {
    const request = encodeAppendRequest(append);
    const scope = { what, deadlineMs, signal: this.#closed.signal };
    return withRetries(scope, () => {
      if (isAbandoned()) throw new WeirError('CANCELLED', `${what}: nobody waits any more`);
      return callOnce(this.#channel, APPEND, request, scope);
    });
  }

  #checkRoom(what: string, bytes: number): void {
    if (bytes > APPEND_BYTES_MAX) {
      throw new WeirError(
        'INVALID_ARGUMENT',
        `${what}: ${bytes} bytes in one append, ${APPEND_BYTES_MAX} are possible; split it`,
      );
    }
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes > CLIENT_WAITING_BYTES_MAX) {
      throw new WeirError(
        'OVERLOADED',
        `${what}: ${this.#waitingBytes} bytes of appends wait in this client, ${CLIENT_WAITING_BYTES_MAX} may`,
        { retryAfterMs: OVERLOADED_RETRY_MS },
      );
    }
  }

  #assertOpen(what: string): void {
    if (this.#closed.signal.aborted) throw new WeirError('CANCELLED', `${what}: the client is closed`);
  }
}
