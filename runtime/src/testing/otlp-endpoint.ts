// An OTLP endpoint for tests: takes what is posted, or answers otherwise. Protobuf keeps text as it is, so what came can be
// searched without decoding.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface OtlpEndpoint extends AsyncDisposable {
  readonly url: string;
  /** All that came on a path, as text. */
  received(path: string): string;
  /** Requests on a path. */
  requests(path: string): number;
}

/** @param answer the status for a path; undefined: no answer ever comes */
export async function otlpEndpoint(
  answer: (path: string) => number | undefined = () => 200,
): Promise<OtlpEndpoint> {
  const bodies: { readonly path: string; readonly text: string }[] = [];
  const server: Server = createServer(async (request, response) => {
    const path = request.url ?? '';
    bodies.push({ path, text: (await buffer(request)).toString('latin1') });
    const status = answer(path);
    if (status !== undefined) response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const on = (path: string) => bodies.filter((each) => each.path === path);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: (path) =>
      on(path)
        .map(({ text }) => text)
        .join('\n'),
    requests: (path) => on(path).length,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
