// JSON over HTTP for callers without gRPC: POST routes with bounded bodies; an error answers with its code.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { WeirError } from '@weir/proto';
import { guardRequest } from '../access/http-guard.ts';
import { RULES } from '../access/rules.ts';
import { HTTP_STOP_MS } from '../limits.ts';
import { type ListenerSecurity, LOOPBACK_ONLY } from '../tls/listener-security.ts';
import { tracedRequest } from './http-tracing.ts';
import { httpStatusOf, readJsonBody } from './json-body.ts';
import { listenHttp } from './listen.ts';

export interface JsonServer {
  /** `host:port` as bound. */
  readonly address: string;
  /** Takes no new connections; resolves when running requests are answered, or cut after HTTP_STOP_MS (3 s). */
  stop(): Promise<void>;
}

export interface JsonServerOptions {
  readonly listen: string;
  /** The setting that an operator changes when the address is taken. */
  readonly listenFlag: string;
  /** `runtime.security.listeners`; default: without TLS, and for this machine only. */
  readonly security?: ListenerSecurity;
  readonly bodyBytesMax: number;
  /** Path -> handler of a parsed body; its value is the answer's JSON. */
  readonly routes: Readonly<Record<string, (body: unknown) => Promise<unknown>>>;
}

/** @throws WeirError CONFIGURATION if it cannot listen. */
export async function startJsonServer(options: JsonServerOptions): Promise<JsonServer> {
  const { listen, listenFlag, security = LOOPBACK_ONLY, bodyBytesMax, routes } = options;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url?.split('?', 1)[0] ?? '';
    if (request.method !== 'POST' || !Object.hasOwn(routes, path)) {
      const known = Object.keys(routes).map((route) => `POST ${route}`);
      const message = `no ${request.method} ${path}; served here: ${known.join(', ')}`;
      return send(response, 404, { error: { code: 'NOT_FOUND', message } });
    }
    await tracedRequest(request, path, async () => {
      try {
        const { access } = security;
        if (access !== undefined) guardRequest(access, request, `POST ${path}`, RULES[`POST ${path}`]);
        send(response, 200, await routes[path]!(await readJsonBody(request, bodyBytesMax)));
      } catch (thrown) {
        const { code, message, retryAfterMs } = WeirError.from(thrown);
        if (retryAfterMs !== undefined) response.setHeader('retry-after', Math.ceil(retryAfterMs / 1000));
        send(response, httpStatusOf(code), { error: { code, message } });
      }
      return response.statusCode;
    });
  };
  let stopping = false;
  const { server, address } = await listenHttp({
    listen,
    flag: listenFlag,
    security,
    handler: (request, response) => {
      // A caller that keeps its connection would keep the server, too.
      response.on('finish', () => stopping && request.socket.end());
      void answer(request, response);
    },
  });
  return {
    address,
    stop: () =>
      new Promise((resolve) => {
        stopping = true;
        // Also for a caller that never sends the rest of its body.
        const timer = setTimeout(() => server.closeAllConnections(), HTTP_STOP_MS);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(text);
}
