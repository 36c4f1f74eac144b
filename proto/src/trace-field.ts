// The field of a message that says for which sampled span it is sent: 28 bytes, so that it can stand before arrays that are
// aligned without moving them from their alignment.
import type { SpanContext } from '@opentelemetry/api';
import { TRACE_PARENT_BYTES, traceParentBytes } from './tracing/trace-context.ts';
import { writeVarint } from './varint.ts';

/** One more than it needs. */
const LENGTH_WIDTH = 2;

export function traceField(tag: number, context: SpanContext): Uint8Array {
  const bytes = new Uint8Array(1 + LENGTH_WIDTH + TRACE_PARENT_BYTES);
  bytes[0] = tag;
  bytes.set(traceParentBytes(context), writeVarint(bytes, 1, TRACE_PARENT_BYTES, LENGTH_WIDTH));
  return bytes;
}
