// The credentials of a gRPC listener whose certificate is renewed while it listens: connections made from then on get the new
// one, those that stand are kept.
import { ServerCredentials } from '@grpc/grpc-js';
import { TLS_HANDSHAKE_TIMEOUT_MS } from '../limits.ts';
import type { ListenerTls } from '../tls/listener-security.ts';

export function serverCredentials(tls: ListenerTls | undefined): ServerCredentials {
  return tls === undefined ? ServerCredentials.createInsecure() : new RenewedCredentials(tls);
}

class RenewedCredentials extends ServerCredentials {
  constructor(tls: ListenerTls) {
    const wantsClient = tls.wantsClientCertificate;
    super(
      {
        requestCert: wantsClient,
        rejectUnauthorized: wantsClient,
        handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS,
      },
      tls.context(),
    );
    tls.onRenewed((context) => this.updateSecureContextOptions(context));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
