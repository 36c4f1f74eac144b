// What a process's listeners have of TLS, who may do what at them, and where a listener without TLS may be bound.
import { isIP } from 'node:net';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import { WeirError } from '@weir/proto';
import type { Access } from '../access/access.ts';
import { parseHostPort } from '../listen-address.ts';

export interface ListenerTls {
  /** What new connections are shown and checked with from now on. */
  context(): SecureContextOptions;
  /** Whether clients must show a certificate. */
  readonly wantsClientCertificate: boolean;
  /** Called after each renewal. */
  onRenewed(listener: (context: SecureContextOptions) => void): void;
  /** Counts a connection whose handshake failed. */
  handshakeFailed(error: Error, socket: TLSSocket): void;
}

export interface ListenerSecurity {
  /** Undefined: no TLS. */
  readonly tls: ListenerTls | undefined;
  /** Without TLS, may other machines reach it? */
  readonly isInsecureAllowed: boolean;
  /** Undefined: everybody may do everything, and nothing is audited. */
  readonly access?: Access | undefined;
}

/** Without TLS, for this machine only. */
export const LOOPBACK_ONLY: ListenerSecurity = { tls: undefined, isInsecureAllowed: false };

/** @throws WeirError CONFIGURATION where other machines would reach a listener without TLS, or one that asks nobody who calls. */
export function checkListener(address: string, flag: string, security: ListenerSecurity): void {
  if (security.isInsecureAllowed || isLoopback(address)) return;
  if (security.tls !== undefined) {
    if (security.tls.wantsClientCertificate || security.access?.isOn === true) return;
    throw new WeirError(
      'CONFIGURATION',
      `${flag} ${address}: other machines would reach it, and nobody is asked who calls. Say who may do what (--access FILE), or which ` +
        'clients there are (--tls-client-ca FILE), or say --insecure',
    );
  }
  throw new WeirError(
    'CONFIGURATION',
    `${flag} ${address}: other machines would reach it without TLS. Give a service its certificate (--tls-cert FILE --tls-key FILE), ` +
      'or listen for this machine only (127.0.0.1:PORT), or say --insecure',
  );
}

/** Whether only this machine reaches `host:port`. Names other than localhost may mean anything. */
export function isLoopback(address: string): boolean {
  const host = parseHostPort(address)?.host.toLowerCase() ?? '';
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
