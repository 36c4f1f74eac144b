// The attributes that spans may have: a closed set, so that no key, user id or token ever becomes one. Those without
// `weir.` are OpenTelemetry's semantic conventions (1.45).

export const SPAN_ATTRIBUTES = [
  'rpc.system.name',
  'rpc.method',
  'rpc.status_code',
  'server.address',
  'server.port',
  'error.type',
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'url.path',
  'url.scheme',
  'messaging.system.name',
  'messaging.operation.name',
  'messaging.operation.type',
  'messaging.destination.name',
  'messaging.destination.partition.id',
  'messaging.batch.message_count',
  /** Names of tables, joined by commas. */
  'weir.tables',
  'weir.rows',
  'weir.shard',
  /** Position in a shard's log. */
  'weir.seq',
  'weir.requests',
  /** Why a window was closed. */
  'weir.window.reason',
] as const;

export type SpanAttribute = (typeof SPAN_ATTRIBUTES)[number];
export type SpanAttributes = { readonly [A in SpanAttribute]?: string | number };

export interface MessagingOperation {
  readonly name: 'append' | 'stitch' | 'train' | 'delta';
  readonly type: 'send' | 'process';
}

/** Of a span that sends to or takes from a stream; a table's changes are one, too. */
export function messagingAttributes(
  stream: string,
  { name, type }: MessagingOperation,
  partition?: number,
): SpanAttributes {
  return {
    'messaging.system.name': 'weir',
    'messaging.operation.name': name,
    'messaging.operation.type': type,
    'messaging.destination.name': stream,
    ...(partition !== undefined && { 'messaging.destination.partition.id': String(partition) }),
  };
}
