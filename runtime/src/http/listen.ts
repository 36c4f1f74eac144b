// HTTP listeners: plain or TLS, bound to a setting's address. Renewed certificates are taken without a restart.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { WeirError } from '@weir/proto';
import { TLS_HANDSHAKE_TIMEOUT_MS } from '../limits.ts';
import { formatHostPort, listenError, parseHostPort } from '../listen-address.ts';
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
  const server = tls === undefined ? createServer(handler) : secureServer(tls, options);
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
