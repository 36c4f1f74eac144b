// The admin port: /healthz, /readyz, /metrics and a service's JSON routes, for which a role is needed where there is an access
// file. With TLS if the process has a certificate; under mutual TLS all but the two probes want the client's. Bodies are bounded; an error answers with its code and never ends the
// process.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { WeirError } from '@weir/proto';
import type { Logger } from 'pino';
import { guardRequest, type Outcome } from '../access/http-guard.ts';
import { adminRule } from '../access/rules.ts';
import { httpStatusOf, readJsonBody } from '../http/json-body.ts';
import { listenHttp } from '../http/listen.ts';
import { type ListenerSecurity, LOOPBACK_ONLY } from '../tls/listener-security.ts';
import { peerIdentity } from '../tls/peer-identity.ts';

export type GetHandler = () => unknown | Promise<unknown>;
export type PostHandler = (body: unknown) => unknown | Promise<unknown>;

export interface AdminServer {
  /** `host:port` as bound. */
  readonly address: string;
  /** The handler's value is the answer's JSON. A WeirError thrown answers with its code. */
  get(path: string, handler: GetHandler): void;
  post(path: string, handler: PostHandler): void;
  /** What /readyz says while the service is not ready: what it is doing, in a line. */
  notReady(doing: () => string): void;
}

export interface AdminListener extends AdminServer {
  /** /readyz answers 200 only while ready. */
  setReady(ready: boolean): void;
  stop(): Promise<void>;
}

export interface AdminOptions {
  readonly listen: string;
  /** Default: without TLS, and for this machine only. */
  readonly security?: ListenerSecurity;
  readonly log: Logger;
  renderMetrics(): Promise<string>;
}

export async function startAdminServer(options: AdminOptions): Promise<AdminListener> {
  const { security = LOOPBACK_ONLY } = options;
  const { access } = security;
  const wantsCertificate = security.tls?.wantsClientCertificate === true;
  const gets = new Map<string, GetHandler>();
  const posts = new Map<string, PostHandler>();
  let ready = false;
  let doing = (): string => '';

  const guard = (request: IncomingMessage, method: 'GET' | 'POST', path: string): Outcome =>
    access === undefined
      ? () => {}
      : guardRequest(access, request, `${method} ${path}`, adminRule(method, access.service));

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '/').split('?', 1)[0]!;
    const isGet = request.method === 'GET' || request.method === 'HEAD';
    if (isGet && path === '/healthz') return send(response, 200, 'text/plain', 'ok\n');
    if (isGet && path === '/readyz') {
      if (ready) return send(response, 200, 'text/plain', 'ready\n');
      const why = doing();
      return send(response, 503, 'text/plain', why === '' ? 'not ready\n' : `not ready: ${why}\n`);
    }
    if (wantsCertificate && peerIdentity(request.socket) === undefined) {
      throw new WeirError(
        'UNAUTHENTICATED',
        `${path} wants a client certificate of the CA in --tls-client-ca; only /healthz and /readyz do without`,
      );
    }
    if (isGet && path === '/metrics') {
      return send(response, 200, 'text/plain; version=0.0.4; charset=utf-8', await options.renderMetrics());
    }
    const get = isGet ? gets.get(path) : undefined;
    const post = request.method === 'POST' ? posts.get(path) : undefined;
    if (get !== undefined) {
      guard(request, 'GET', path);
      return sendJson(response, 200, await get());
    }
    if (post !== undefined) {
      const audit = guard(request, 'POST', path);
      try {
        const answered = await post(await readJsonBody(request));
        audit('OK');
        return sendJson(response, 200, answered);
      } catch (error) {
        audit(WeirError.from(error).code);
        throw error;
      }
    }
    const known = ['GET /healthz', 'GET /readyz', 'GET /metrics'];
    for (const route of gets.keys()) known.push(`GET ${route}`);
    for (const route of posts.keys()) known.push(`POST ${route}`);
    sendJson(response, 404, { error: { code: 'NOT_FOUND', message: `no ${request.method} ${path}`, known } });
  };

  const { server, address } = await listenHttp({
    listen: options.listen,
    flag: '--admin-listen',
    security,
    // Who probes a process has no certificate as a rule.
    isClientCertificateOptional: true,
    handler: (request, response) => {
      answer(request, response).catch((thrown: unknown) => {
        const error = WeirError.from(thrown);
        if (error.code === 'INTERNAL')
          options.log.error({ err: thrown, path: request.url }, 'admin route failed');
        sendJson(response, httpStatusOf(error.code), { error: { code: error.code, message: error.message } });
      });
    },
  });
  return {
    address,
    get: (path, handler) => void gets.set(path, handler),
    post: (path, handler) => void posts.set(path, handler),
    notReady: (say) => {
      doing = say;
    },
    setReady: (value) => {
      ready = value;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, 'application/json', `${JSON.stringify(value ?? null)}\n`);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
