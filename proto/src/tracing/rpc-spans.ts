// Spans of gRPC calls, and of messages on streams that are calls of their own. Names and attributes are those of
// OpenTelemetry's conventions for gRPC: the full method, and on a server only its own failures count as errors.

import { status } from '@grpc/grpc-js';
import { type Context, ROOT_CONTEXT, type Span, type SpanContext, trace } from '@opentelemetry/api';
import { ERROR_CODES } from '../error-codes.ts';
import type { WeirError } from '../weir-error.ts';
import type { SpanAttributes } from './span-attributes.ts';
import { annotate, beginSpan, failSpan } from './spans.ts';

type Side = 'CLIENT' | 'SERVER';

const SERVER_FAILURES: ReadonlySet<status> = new Set([
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.UNIMPLEMENTED,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/** Of probes and tools, which call often and mean nothing. */
const UNTRACED = ['/grpc.health.', '/grpc.reflection.'];

export function isTraced(path: string): boolean {
  return !UNTRACED.some((prefix) => path.startsWith(prefix));
}

export interface RpcStart {
  readonly attributes?: SpanAttributes;
  readonly links?: readonly SpanContext[];
}

/** @param path as in gRPC: /weir.v1.ParameterServer/Pull. */
export function beginRpc(kind: Side, path: string, parent: Context, more: RpcStart = {}): Span {
  const method = path.slice(1);
  const attributes = { 'rpc.system.name': 'grpc', 'rpc.method': method, ...more.attributes } as const;
  return beginSpan(method, parent, { kind, attributes, links: more.links ?? [] });
}

/** A message on a stream as a call: undefined where the caller is not traced. */
export function beginMessage(
  kind: Side,
  path: string,
  parent: SpanContext | undefined,
  more?: RpcStart,
): Span | undefined {
  return parent && beginRpc(kind, path, trace.setSpanContext(ROOT_CONTEXT, parent), more);
}

/** @param errorType default: the status' name. */
export function endRpc(span: Span, kind: Side, code: status, errorType?: string): void {
  const name = status[code] ?? String(code);
  annotate(span, { 'rpc.status_code': name });
  const failed = kind === 'CLIENT' ? code !== status.OK : SERVER_FAILURES.has(code);
  if (failed) failSpan(span, errorType ?? name);
  span.end();
}

export function endRpcWith(span: Span, kind: Side, error: WeirError | undefined): void {
  if (error === undefined) endRpc(span, kind, status.OK);
  else endRpc(span, kind, ERROR_CODES[error.code].status, error.code);
}

/** `HOST:PORT`, as an address was given. */
export function serverAttributes(address: string): SpanAttributes {
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port)) return { 'server.address': address };
  return { 'server.address': address.slice(0, colon).replace(/^\[|\]$/g, ''), 'server.port': port };
}
