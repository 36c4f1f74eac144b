// Messages of a stream that were encoded and framed beforehand, once for all callers that get them: gRPC would copy each of
// them for each caller. They go to the HTTP/2 stream under the call, in their place before what gRPC itself sends at its end.
import type { EventEmitter } from 'node:events';
import { Metadata } from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import { SENT_AHEAD_BYTES_MAX } from '../limits.ts';
import { cutOff } from './cut-off.ts';
import { http2StreamOf } from './http2-stream.ts';

/** What gRPC puts before a message of so many bytes, which is not compressed. */
export function messagePrefix(bytes: number): Uint8Array {
  const prefix = new Uint8Array(5);
  new DataView(prefix.buffer).setUint32(1, bytes);
  return prefix;
}

interface Call extends EventEmitter {
  readonly cancelled: boolean;
  sendMetadata(metadata: Metadata): void;
}

/**
 * Sends as fast as the caller reads. The caller's own messages, if any, come before or after, not meanwhile.
 * @param chunks of messages with their prefixes, cut anywhere; left unchanged from now on.
 * @throws WeirError CANCELLED when the caller is gone; OVERLOADED when it does not read for so long, and then it is cut off.
 */
export async function sendFramed(
  call: Call,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  patienceMs: number,
): Promise<void> {
  const stream = http2StreamOf(call);
  for await (const chunk of chunks) {
    if (call.cancelled || stream.destroyed) throw new WeirError('CANCELLED', 'the caller is gone');
    call.sendMetadata(new Metadata());
    if (stream.write(chunk) || stream.writableLength < SENT_AHEAD_BYTES_MAX) continue;
    await drained(call, stream, patienceMs);
  }
}

function drained(call: Call, stream: EventEmitter, patienceMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: WeirError): void => {
      clearTimeout(timer);
      stream.off('drain', onDrain);
      call.off('cancelled', onCancelled);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onDrain = (): void => end();
    const onCancelled = (): void => end(new WeirError('CANCELLED', 'the caller is gone'));
    const timer = setTimeout(() => {
      end(new WeirError('OVERLOADED', `the answer was not read for ${patienceMs} ms`));
      cutOff(call);
    }, patienceMs);
    stream.on('drain', onDrain);
    call.on('cancelled', onCancelled);
  });
}
