// The collector over HTTP: `POST /v1/features` and `POST /v1/events`, JSON in (json-forms.ts), JSON out:
// `{"accepted": n, "duplicates": n, "rejections": [{"index": i, "reason": "..."}]}`. Errors answer with their code.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WeirError } from '@weir/proto';
import type { PutResponse } from '@weir/proto/v1/ingest';
import { formatHostPort, httpStatusOf, listenError, parseHostPort, readJsonBody } from '@weir/runtime';
import type { Ingest } from './ingest.ts';
import { eventsFromJson, featuresFromJson } from './json-forms.ts';
import { HTTP_BODY_BYTES_MAX } from './limits.ts';

/** Resolves with the server and the address bound. WeirError CONFIGURATION if it cannot listen. */
export async function startHttp(
  listen: string,
  ingest: Ingest,
): Promise<{ server: Server; address: string }> {
  const server = createServer((request, response) => {
    put(request, ingest).then(
      (answer) =>
        answer === undefined
          ? send(response, 404, { error: { code: 'NOT_FOUND', message: 'POST /v1/features or /v1/events' } })
          : send(response, 200, answer),
      (thrown: unknown) => {
        const { code, message, retryAfterMs } = WeirError.from(thrown);
        if (retryAfterMs !== undefined) response.setHeader('retry-after', Math.ceil(retryAfterMs / 1000));
        send(response, httpStatusOf(code), { error: { code, message, retry_after_ms: retryAfterMs } });
      },
    );
  });
  const wanted = parseHostPort(listen)!;
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(listen, '--http-listen', error)));
    server.listen(wanted.port, wanted.host, () => resolve((server.address() as AddressInfo).port));
  });
  return { server, address: formatHostPort({ host: wanted.host, port }) };
}

async function put(request: IncomingMessage, ingest: Ingest): Promise<PutResponse | undefined> {
  if (request.method !== 'POST') return undefined;
  switch (request.url?.split('?', 1)[0]) {
    case '/v1/features':
      return ingest.putFeatures(featuresFromJson(await readJsonBody(request, HTTP_BODY_BYTES_MAX)));
    case '/v1/events':
      return ingest.putEvents(eventsFromJson(await readJsonBody(request, HTTP_BODY_BYTES_MAX)));
    default:
      return undefined;
  }
}

function send(response: ServerResponse, status: number, value: unknown): void {
  const body = `${JSON.stringify(value)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
