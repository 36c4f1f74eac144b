// A span's context on its way to another process: W3C's text in metadata and headers, 25 bytes in messages of streams.
// Read leniently: what is no context is none, never an error.
import {
  createTraceState,
  INVALID_SPANID,
  INVALID_TRACEID,
  isSpanContextValid,
  type SpanContext,
  TraceFlags,
} from '@opentelemetry/api';

/** Trace id (16), span id (8), flags (1). */
export const TRACE_PARENT_BYTES = 25;

/** Names of metadata and headers. */
export const TRACE_PARENT = 'traceparent';
export const TRACE_STATE = 'tracestate';

const TEXT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

export function isSampled({ traceFlags }: SpanContext): boolean {
  return (traceFlags & TraceFlags.SAMPLED) !== 0;
}

/** The value of `traceparent`. */
export function traceParentText({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`;
}

/** Of a remote span. @see https://www.w3.org/TR/trace-context/ */
export function traceParentOf(text: string | undefined, state?: string): SpanContext | undefined {
  const [, version, traceId, spanId, flags, rest] = TEXT.exec(text?.trim() ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined || version === 'ff')
    return undefined;
  if (version === '00' && rest !== undefined) return undefined;
  if (traceId === INVALID_TRACEID || spanId === INVALID_SPANID) return undefined;
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
    ...(state !== undefined && state !== '' && { traceState: createTraceState(state) }),
  };
}

export function traceParentBytes({ traceId, spanId, traceFlags }: SpanContext): Uint8Array {
  const bytes = new Uint8Array(TRACE_PARENT_BYTES);
  bytes.set(Buffer.from(traceId, 'hex').subarray(0, 16));
  bytes.set(Buffer.from(spanId, 'hex').subarray(0, 8), 16);
  bytes[24] = traceFlags;
  return bytes;
}

/** Of a remote span. @param bytes undefined and anything of another length: none. */
export function traceParentOfBytes(bytes: Uint8Array | undefined): SpanContext | undefined {
  if (bytes?.byteLength !== TRACE_PARENT_BYTES) return undefined;
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, TRACE_PARENT_BYTES).toString('hex');
  const context = {
    traceId: hex.slice(0, 32),
    spanId: hex.slice(32, 48),
    traceFlags: bytes[24]! & TraceFlags.SAMPLED,
    isRemote: true,
  };
  return isSpanContextValid(context) ? context : undefined;
}

/** Headers of a stream record. */
export type TraceHeaders = Readonly<Record<string, string>>;

export function traceHeaders(context: SpanContext): TraceHeaders {
  const state = context.traceState?.serialize() ?? '';
  return { [TRACE_PARENT]: traceParentText(context), ...(state !== '' && { [TRACE_STATE]: state }) };
}

/** The context in a record's headers, if it is sampled. */
export function sampledIn(headers: TraceHeaders): SpanContext | undefined {
  const text = headers[TRACE_PARENT];
  if (text === undefined) return undefined;
  const context = traceParentOf(text, headers[TRACE_STATE]);
  return context !== undefined && isSampled(context) ? context : undefined;
}
