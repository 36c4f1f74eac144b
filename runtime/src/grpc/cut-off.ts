// Ends a call whose client does not read. A status would wait behind the messages that it does not read, for ever, and
// so would their memory; grpc-js has no public way to reset a stream.

import type { EventEmitter } from 'node:events';
import { constants } from 'node:http2';
import { http2StreamOf } from './http2-stream.ts';

/**
 * @param call of a handler. The client gets RESOURCE_EXHAUSTED, which it takes for OVERLOADED; what was not sent is
 * dropped.
 */
export function cutOff(call: EventEmitter): void {
  http2StreamOf(call).close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
}
