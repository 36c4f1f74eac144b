// The HTTP/2 stream under a call, and the listeners under a server. grpc-js has no public way to them, so this reads the fields
// inside.

import type { EventEmitter } from 'node:events';
import type { Http2SecureServer, Http2Server, ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

interface Inner {
  readonly nextCall?: Inner;
  readonly stream?: ServerHttp2Stream;
}

/** @param call of a handler, or of an interceptor. */
export function http2StreamOf(call: EventEmitter | object): ServerHttp2Stream {
  let inner: Inner | undefined = (call as { call?: Inner }).call ?? (call as Inner);
  while (inner?.nextCall !== undefined) inner = inner.nextCall;
  if (inner?.stream === undefined) throw new Error('grpc-js has no HTTP/2 stream where it used to have one');
  return inner.stream;
}

/** Those that are bound. */
export function http2ServersOf(server: Server): readonly (Http2Server | Http2SecureServer)[] {
  const { http2Servers } = server as unknown as { http2Servers?: ReadonlyMap<Http2Server, unknown> };
  if (http2Servers === undefined) throw new Error('grpc-js has no HTTP/2 servers where it used to have them');
  return [...http2Servers.keys()];
}
