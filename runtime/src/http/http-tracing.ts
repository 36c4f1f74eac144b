// A span for every HTTP request to a route that there is; what its handler does belongs to it.
import type { IncomingMessage } from 'node:http';
import {
  annotate,
  beginSpan,
  failSpan,
  inSpan,
  remoteContext,
  TRACE_PARENT,
  TRACE_STATE,
  traceParentOf,
} from '@weir/proto';

/** @param run answers, and returns the status that it answered with; it does not throw. */
export async function tracedRequest(
  request: IncomingMessage,
  route: string,
  run: () => Promise<number>,
): Promise<void> {
  const method = request.method ?? 'GET';
  const caller = traceParentOf(text(request.headers[TRACE_PARENT]), text(request.headers[TRACE_STATE]));
  const span = beginSpan(`${method} ${route}`, remoteContext(caller), {
    kind: 'SERVER',
    attributes: {
      'http.request.method': method,
      'http.route': route,
      'url.path': route,
      'url.scheme': 'encrypted' in request.socket ? 'https' : 'http',
    },
  });
  const status = await inSpan(span, run);
  annotate(span, { 'http.response.status_code': status });
  // A refusal is the caller's error.
  if (status >= 500) failSpan(span, String(status));
  span.end();
}

function text(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}
