// HTTP listeners: plain or TLS, bound to a setting's address. Renewed certificates are taken without a restart.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { WeirError } from '@weir/proto';
import {
  HTTP_CONNECTIONS_MAX,
  HTTP_HEADER_BYTES_MAX,
  HTTP_HEADER_TIMEOUT_MS,
  HTTP_REQUEST_TIMEOUT_MS,
  HTTP_TIMEOUT_LOOK_MS,
  TLS_HANDSHAKE_TIMEOUT_MS,
} from '../limits.ts';
import { formatHostPort, listenError, parseHostPort } from '../listen-address.ts';
import { meter } from '../telemetry/meter.ts';
import { checkListener, type ListenerSecurity, type ListenerTls } from '../tls/listener-security.ts';

export interface HttpListenOptions {
  /** `host:port`; port 0: any free one. */
  readonly listen: string;
  /** The setting to change: errors name it. */
  readonly flag: string;
  readonly security: ListenerSecurity;
  /**
   * Under mutual TLS, whether callers without a certificate get as far as the handler, which then looks at who calls
   * (`peerIdentity`). Default: they do not.
   */
  readonly isClientCertificateOptional?: boolean;
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Who sends its request slower than this is 408, a longer header 431; Node looks at times every half minute by itself. */
const LIMITS = {
  maxHeaderSize: HTTP_HEADER_BYTES_MAX,
  headersTimeout: HTTP_HEADER_TIMEOUT_MS,
  requestTimeout: HTTP_REQUEST_TIMEOUT_MS,
  connectionsCheckingInterval: HTTP_TIMEOUT_LOOK_MS,
};

export interface HttpListener {
  readonly server: Server;
  /** `host:port` as bound. */
  readonly address: string;
  readonly scheme: 'http' | 'https';
}

/** @throws WeirError CONFIGURATION if it cannot listen, or if other machines would reach it without TLS. */
export function listenHttp(options: HttpListenOptions): Promise<HttpListener> {
  const { listen, flag, security, handler } = options;
  const wanted = parseHostPort(listen);
  if (wanted === undefined) throw new WeirError('CONFIGURATION', `${flag} "${listen}" is not HOST:PORT`);
  checkListener(listen, flag, security);
  const { tls } = security;
  const server = tls === undefined ? createServer(LIMITS, handler) : secureServer(tls, options);
  server.maxConnections = HTTP_CONNECTIONS_MAX;
  const refused = meter('weir.runtime').createCounter('http.server.connections.refused', {
    unit: '{connection}',
    description: 'Connections over HTTP closed at once because there were too many',
  });
  server.on('drop', () => refused.add(1));
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(listen, flag, error)));
    server.listen(wanted.port, wanted.host, () => {
      const { port } = server.address() as AddressInfo;
      const address = formatHostPort({ host: wanted.host, port });
      resolve({ server, address, scheme: tls === undefined ? 'http' : 'https' });
    });
  });
}

function secureServer(
  tls: ListenerTls,
  { handler, isClientCertificateOptional = false }: HttpListenOptions,
): Server {
  const server = createSecureServer(
    {
      ...LIMITS,
      ...tls.context(),
      requestCert: tls.wantsClientCertificate,
      rejectUnauthorized: tls.wantsClientCertificate && !isClientCertificateOptional,
      handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS,
    },
    handler,
  );
  tls.onRenewed((context) => server.setSecureContext(context));
  server.on('tlsClientError', tls.handshakeFailed);
  return server;
}
