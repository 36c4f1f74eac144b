// Ends a call whose client does not read. A status would wait behind the messages that it does not read, for ever, and
// so would their memory; grpc-js has no public way to reset a stream, so this reaches for the HTTP/2 stream inside.

import type { EventEmitter } from 'node:events';
import { constants, type ServerHttp2Stream } from 'node:http2';

interface Inner {
  readonly nextCall?: Inner;
  readonly stream?: ServerHttp2Stream;
}

/**
 * @param call of a handler. The client gets RESOURCE_EXHAUSTED, which it takes for OVERLOADED; what was not sent is
 * dropped.
 */
export function cutOff(call: EventEmitter): void {
  let inner = (call as unknown as { call?: Inner }).call;
  while (inner?.nextCall !== undefined) inner = inner.nextCall;
  if (inner?.stream === undefined) throw new Error('grpc-js has no HTTP/2 stream where it used to have one');
  inner.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
}
