// The live view's server: the page, what it watches, and what it asks for. Reads only; changes nothing.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { WeirError } from '@weir/proto';
import { httpStatusOf, type ListenerSecurity, LOOPBACK_ONLY, listenHttp } from '@weir/runtime';
import type { DocumentLook, DocumentSuggestion, LiveLook } from './live-look.ts';
import { type PageFile, readPageFiles } from './page-files.ts';
import { Watchers } from './watchers.ts';

export interface LiveServerOptions {
  /** `host:port`; port 0: a free one. */
  readonly listen: string;
  /** Default: without TLS, and for this machine only. */
  readonly security?: ListenerSecurity;
  readonly title: string;
  readonly suggest: (prefix: string) => readonly DocumentSuggestion[];
  /** Undefined: no such document was asked for. */
  readonly document: (id: string) => Promise<DocumentLook | undefined>;
}

export interface LiveServer extends AsyncDisposable {
  readonly url: string;
  show(look: LiveLook): void;
  /** Tells the pages that nothing will follow. */
  end(summary: readonly string[]): Promise<void>;
}

const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'self'; img-src data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** @throws WeirError CONFIGURATION when the address is taken or the page is not built. */
export async function startLiveServer(options: LiveServerOptions): Promise<LiveServer> {
  const files = await readPageFiles();
  const watchers = new Watchers(options.title);
  const { server, address, scheme } = await listenHttp({
    listen: options.listen,
    flag: '--live-listen',
    security: options.security ?? LOOPBACK_ONLY,
    handler: (request, response) => {
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
      answer(request, response, options, files, watchers).catch((thrown: unknown) => {
        const { code, message } = WeirError.from(thrown);
        sendJson(response, httpStatusOf(code), { error: { code, message } });
      });
    },
  });
  return {
    url: `${scheme}://${address}/`,
    show: (look) => watchers.show(look),
    end: (summary) => watchers.end(summary),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { suggest, document }: LiveServerOptions,
  files: ReadonlyMap<string, PageFile>,
  watchers: Watchers,
): Promise<void> {
  const url = URL.parse(request.url ?? '/', 'http://live');
  if (url === null) return sendJson(response, 400, failure('INVALID_ARGUMENT', 'the path is none'));
  const { pathname, searchParams } = url;
  if (request.method !== 'GET') return sendJson(response, 405, failure('INVALID_ARGUMENT', 'GET only'));
  const file = files.get(pathname);
  if (file !== undefined) {
    response.writeHead(200, { 'content-type': file.type, 'cache-control': 'no-cache' });
    response.end(file.body);
  } else if (pathname === '/watch') {
    if (watchers.add(response)) return;
    sendJson(response, 503, failure('OVERLOADED', 'too many pages watch already; close one'));
  } else if (pathname === '/documents') {
    sendJson(response, 200, suggest(searchParams.get('prefix') ?? ''));
  } else if (pathname === '/document') {
    const id = searchParams.get('id') ?? '';
    const look = await document(id);
    if (look !== undefined) return sendJson(response, 200, look);
    sendJson(response, 404, failure('NOT_FOUND', `no request has asked for document "${id}" so far`));
  } else {
    sendJson(response, 404, failure('NOT_FOUND', `nothing is served at ${pathname}`));
  }
}

const failure = (code: string, message: string) => ({ error: { code, message } });

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(value)}\n`);
}
