// TLS of one process: its listeners' certificate and what its clients trust and show, from files that are read again when
// they change. New connections get what is new, those that stand keep what they have.
import type { ClientIdentity, TlsOptions } from '@weir/proto';
import type { Logger } from 'pino';
import { clientToken } from '../access/client-token.ts';
import type { ClientTokenSettings } from '../access/settings.ts';
import { CERTIFICATE_POLL_MS, TLS_VERSION_MIN } from '../limits.ts';
import { UsageError } from '../usage-error.ts';
import { observeCertificates, type TlsMetrics } from './certificate-metrics.ts';
import type { ListenerSecurity, ListenerTls } from './listener-security.ts';
import { type Pem, PemFiles, type PemNews } from './pem-files.ts';
import type { ClientTlsSettings, ServerTlsSettings } from './settings.ts';

/** What every certificate of a process is for. */
export type CertificateUse = 'listener' | 'client';

export interface ClientSecurity extends ClientIdentity {
  /** Undefined: no TLS. */
  readonly tls: (() => TlsOptions) | undefined;
}

export interface ProcessSecurity {
  readonly listeners: ListenerSecurity;
  /** To be spread into the options of `connect` and `connectStreams`. */
  readonly clients: ClientSecurity;
  /** Reads no file any more. */
  stop(): void;
}

/**
 * @throws UsageError where settings that belong together are missing; WeirError CONFIGURATION where a file cannot be used.
 */
export function openSecurity(
  settings: ServerTlsSettings & ClientTlsSettings & ClientTokenSettings,
  log: Logger,
  pollMs = CERTIFICATE_POLL_MS,
): ProcessSecurity {
  const watched: { use: CertificateUse; files: PemFiles; renewed: (pem: Pem) => void }[] = [];
  const metrics = observeCertificates(() => watched.map(({ use, files }) => ({ use, pem: files.current })));
  const server = serverFiles(settings);
  let tls: ListenerTls | undefined;
  if (server !== undefined) {
    const listening = listenerTls(server, metrics);
    watched.push({ use: 'listener', files: server, renewed: listening.renewed });
    tls = listening.tls;
  }
  const client = clientFiles(settings);
  if (client?.files !== undefined) watched.push({ use: 'client', files: client.files, renewed: () => {} });
  const stopping = new AbortController();
  for (const { use, files, renewed } of watched) {
    warnOfEnd(files.current, use, log);
    files.watch(pollMs, stopping.signal, newsOf(use, renewed, metrics, log));
  }
  return {
    listeners: { tls, isInsecureAllowed: settings.insecure },
    clients: { tls: client?.options, token: clientToken(settings), insecure: settings.insecure },
    stop: () => stopping.abort(),
  };
}

/** What a verb, which ends soon, trusts and shows. Throws as `openSecurity`. */
export function readClientTls(settings: ClientTlsSettings): TlsOptions | undefined {
  return clientFiles(settings)?.options();
}

function serverFiles({ tlsCert, tlsKey, tlsClientCa }: ServerTlsSettings): PemFiles | undefined {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new UsageError('--tls-cert and --tls-key belong together, one of them is missing');
  }
  if (tlsCert === undefined) {
    if (tlsClientCa !== undefined) {
      throw new UsageError(
        '--tls-client-ca needs --tls-cert and --tls-key: without TLS no client can show a certificate',
      );
    }
    return undefined;
  }
  return new PemFiles({
    cert: { flag: '--tls-cert', path: tlsCert },
    key: { flag: '--tls-key', path: tlsKey! },
    ca: tlsClientCa === undefined ? undefined : { flag: '--tls-client-ca', path: tlsClientCa },
  });
}

/** The word for the roots that Node has. */
const SYSTEM = 'system';

function clientFiles(
  settings: ClientTlsSettings,
): { readonly files: PemFiles | undefined; readonly options: () => TlsOptions } | undefined {
  const { ca, clientCert, clientKey, serverName } = settings;
  if ((clientCert === undefined) !== (clientKey === undefined)) {
    throw new UsageError('--client-cert and --client-key belong together, one of them is missing');
  }
  if (ca === undefined) {
    if (clientCert === undefined && serverName === undefined) return undefined;
    throw new UsageError(
      `--${clientCert === undefined ? 'server-name' : 'client-cert'} needs --ca: without it no TLS is spoken (--ca ${SYSTEM} trusts what Node trusts)`,
    );
  }
  if (ca === SYSTEM && clientCert === undefined) return { files: undefined, options: () => ({ serverName }) };
  const files = new PemFiles({
    ca: ca === SYSTEM ? undefined : { flag: '--ca', path: ca },
    cert: clientCert === undefined ? undefined : { flag: '--client-cert', path: clientCert },
    key: clientKey === undefined ? undefined : { flag: '--client-key', path: clientKey },
  });
  return {
    files,
    options: () => {
      const { ca, cert, key } = files.current;
      return { ca, cert, key, serverName };
    },
  };
}

function listenerTls(files: PemFiles, metrics: TlsMetrics) {
  const listeners: Parameters<ListenerTls['onRenewed']>[0][] = [];
  const context: ListenerTls['context'] = () => {
    const { cert, key, ca } = files.current;
    return { cert, key, ca, minVersion: TLS_VERSION_MIN };
  };
  const tls: ListenerTls = {
    context,
    wantsClientCertificate: files.current.ca !== undefined,
    onRenewed: (listener) => void listeners.push(listener),
    handshakeFailed: metrics.handshakeFailed,
  };
  const renewed = (): void => {
    for (const listener of listeners) listener(context());
  };
  return { tls, renewed };
}

function newsOf(use: CertificateUse, renewed: (pem: Pem) => void, metrics: TlsMetrics, log: Logger): PemNews {
  return {
    renewed: (pem) => {
      renewed(pem);
      metrics.renewal(use, 'taken');
      log.info({ use, expires: dateOf(pem.expiryS.cert ?? pem.expiryS.ca) }, 'certificate renewed');
      warnOfEnd(pem, use, log);
    },
    refused: (error) => {
      metrics.renewal(use, 'refused');
      log.error({ use }, `a renewed certificate is not taken, the former one stays: ${error.message}`);
    },
  };
}

function warnOfEnd({ expiryS }: Pem, use: CertificateUse, log: Logger): void {
  for (const part of ['cert', 'ca'] as const) {
    const endS = expiryS[part];
    if (endS !== undefined && endS * 1000 < Date.now()) {
      log.error(
        { use, expired: dateOf(endS) },
        `a certificate has expired: ${part === 'ca' ? 'of a CA' : 'its own'}`,
      );
    }
  }
}

function dateOf(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : new Date(seconds * 1000).toISOString();
}
