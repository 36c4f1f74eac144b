// Reading one partition over gRPC: a server stream per connection, taken up again at the next offset when it breaks.
// Holds: offsets are contiguous over all batches; after the first batch the partition's incarnation is pinned, so
// that records which replaced lost ones are an error and never taken for their successors.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientReadableStream } from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import { StreamsService } from '@weir/proto/v1/streams';
import { CALL_TIMEOUT_MS } from '../limits.ts';
import type { ReadBatch, ReadOptions } from '../streams-client.ts';
import { decodeReadResponse } from '../wire/messages.ts';
import type { Channel } from './channel.ts';
import { isWorthRepeating, retryDelayMs } from './retry.ts';
import { callError } from './unary-call.ts';

export async function* readStream(
  channel: Channel,
  stream: string,
  partition: number,
  options: ReadOptions,
  closed: AbortSignal,
): AsyncGenerator<ReadBatch> {
  const { follow = false, signal } = options;
  const what = `read of stream "${stream}", partition ${partition}`;
  let { offset, incarnation = '' } = options;
  let failures = 0;
  let aliveMs = performance.now();
  while (!isAborted(signal)) {
    if (closed.aborted) throw new WeirError('CANCELLED', `${what}: the client is closed`);
    const call = channel.stub.makeServerStreamRequest(
      StreamsService.read.path,
      StreamsService.read.requestSerialize,
      decodeReadResponse,
      { stream, partition, offset, follow, incarnation },
      channel.metadata,
    );
    try {
      for await (const batch of cancelledWith(call, [closed, signal])) {
        checkContiguous(batch, offset, what);
        offset += batch.records.length;
        incarnation = batch.incarnation;
        failures = 0;
        yield batch;
        aliveMs = performance.now();
      }
      if (!follow) return;
    } catch (thrown) {
      if (isAborted(signal)) return;
      if (closed.aborted) continue;
      const explained = channel.credentials.explained(thrown as Error, channel.address);
      const error = callError(explained, `${what} at ${channel.address}`);
      const isOver = !follow && performance.now() - aliveMs > CALL_TIMEOUT_MS;
      if (isOver || !isWorthRepeating(error)) throw error;
    }
    await pause(retryDelayMs(failures, undefined, Math.random()), [closed, signal]);
    failures += 1;
  }
}

/** The call's batches; it is cancelled when a signal aborts and when the consumer stops. */
async function* cancelledWith(
  call: ClientReadableStream<ReadBatch>,
  signals: readonly (AbortSignal | undefined)[],
): AsyncGenerator<ReadBatch> {
  const cancel = (): void => call.cancel();
  // A cancelled call reports that as an error after its iteration has ended.
  call.on('error', () => {});
  for (const signal of signals) signal?.addEventListener('abort', cancel);
  try {
    yield* call as AsyncIterable<ReadBatch>;
  } finally {
    for (const signal of signals) signal?.removeEventListener('abort', cancel);
    call.cancel();
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function checkContiguous({ records }: ReadBatch, offset: number, what: string): void {
  const last = records.at(-1);
  if (records[0]?.offset === offset && last?.offset === offset + records.length - 1) return;
  throw new WeirError(
    'CORRUPT',
    `${what}: asked for offset ${offset}, got ${records.length} records from ${records[0]?.offset} to ${last?.offset}`,
  );
}

async function pause(ms: number, signals: readonly (AbortSignal | undefined)[]): Promise<void> {
  const signal = AbortSignal.any(signals.filter((one) => one !== undefined));
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
