// How much a client may send before it hears that it was read. HTTP/2's 64 KiB make a client with large messages wait
// for an answer to each quarter of one; grpc-js lets a client choose its window, but not a server.

import type { EventEmitter } from 'node:events';
import type { ServerHttp2Session } from 'node:http2';
import { http2StreamOf } from './http2-stream.ts';

const widened = new WeakSet<ServerHttp2Session>();

/** Of the connection of a handler's call, and of each call on it. */
export function widenReceiveWindow(call: EventEmitter, bytes: number): void {
  const { session } = http2StreamOf(call);
  if (session === undefined || session.destroyed || widened.has(session as ServerHttp2Session)) return;
  widened.add(session as ServerHttp2Session);
  session.setLocalWindowSize(bytes);
  session.settings({ initialWindowSize: bytes });
}
