// The HTTP/2 stream under a handler's call. grpc-js has no public way to it, so this reads the fields inside.

import type { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';

interface Inner {
  readonly nextCall?: Inner;
  readonly stream?: ServerHttp2Stream;
}

export function http2StreamOf(call: EventEmitter): ServerHttp2Stream {
  let inner = (call as unknown as { call?: Inner }).call;
  while (inner?.nextCall !== undefined) inner = inner.nextCall;
  if (inner?.stream === undefined) throw new Error('grpc-js has no HTTP/2 stream where it used to have one');
  return inner.stream;
}
