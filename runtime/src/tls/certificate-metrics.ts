// Metrics of TLS: when certificates end, what became of renewals, which handshakes failed.
import { meter } from '../telemetry/meter.ts';
import type { ListenerTls } from './listener-security.ts';
import type { Pem } from './pem-files.ts';
import type { CertificateUse } from './process-security.ts';

export interface TlsMetrics {
  renewal(use: CertificateUse, outcome: 'taken' | 'refused'): void;
  readonly handshakeFailed: ListenerTls['handshakeFailed'];
}

export function observeCertificates(
  held: () => readonly { readonly use: CertificateUse; readonly pem: Pem }[],
): TlsMetrics {
  const instruments = meter('weir.runtime');
  const expiry = instruments.createObservableGauge('weir.tls.certificate.expiry', {
    unit: 's',
    description: 'When the certificate of this use ends that ends first, in seconds since 1970',
  });
  expiry.addCallback((result) => {
    for (const { use, pem } of held()) {
      if (pem.expiryS.cert !== undefined) result.observe(pem.expiryS.cert, { use });
      if (pem.expiryS.ca !== undefined) result.observe(pem.expiryS.ca, { use: `${use}_ca` });
    }
  });
  const renewals = instruments.createCounter('weir.tls.renewals', {
    unit: '{renewal}',
    description: 'Changes of certificate files, by what became of them',
  });
  const failures = instruments.createCounter('weir.tls.handshakes.failed', {
    unit: '{connection}',
    description: 'Connections to listeners that ended in the handshake',
  });
  return {
    renewal: (use, outcome) => renewals.add(1, { use, outcome }),
    handshakeFailed: (error, { authorizationError }) => {
      // Of a certificate that is refused, the error is that the connection was closed.
      const code = authorizationError ?? (error as { code?: unknown }).code ?? error.message;
      failures.add(1, { reason: reasonOf(String(code)) });
    },
  };
}

/** A closed list, so that no client can make series. */
function reasonOf(code: string): string {
  if (/PEER_DID_NOT_RETURN_A_CERTIFICATE|CERTIFICATE_REQUIRED/.test(code)) return 'no_certificate';
  if (/EXPIRED|NOT_YET_VALID/.test(code)) return 'not_valid_now';
  if (/SELF_SIGNED|UNABLE_TO|UNTRUSTED|SIGNATURE|INVALID_CA|INVALID_PURPOSE/.test(code)) return 'untrusted';
  if (/WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH/.test(code)) return 'plain';
  if (/UNSUPPORTED_PROTOCOL|VERSION/.test(code)) return 'old_version';
  if (/ALERT/.test(code)) return 'refused_by_client';
  return 'other';
}
