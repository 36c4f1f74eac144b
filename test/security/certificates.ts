// A certificate authority for tests, and what it signs: certificates of servers and clients, good ones and bad ones.
// ECDSA P-256, all of it in PEM; nothing is kept but what `writeIdentity` writes.
import './reflected-metadata.ts';
import type { webcrypto } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 60 * 60 * 1000;

/** What a certificate is good for; `none` leaves the extension out. */
export type KeyPurpose = 'server' | 'client' | 'both' | 'none';

export interface CertificateOptions {
  /** Common name of the subject. */
  readonly name: string;
  /** Subject alternative names. Default: none. */
  readonly dns?: readonly string[];
  readonly ip?: readonly string[];
  readonly uri?: readonly string[];
  /** Default: `both`. */
  readonly purpose?: KeyPurpose;
  /** Default: yesterday. */
  readonly notBefore?: Date;
  /** Default: tomorrow. */
  readonly notAfter?: Date;
}

/** PEM texts. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateAuthority {
  /** PEM: what others trust. */
  readonly certificate: string;
  issue(options: CertificateOptions): Promise<Identity>;
}

const PURPOSES: Record<KeyPurpose, readonly x509.ExtendedKeyUsage[]> = {
  server: [x509.ExtendedKeyUsage.serverAuth],
  client: [x509.ExtendedKeyUsage.clientAuth],
  both: [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth],
  none: [],
};

const makeKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

const keyText = async (key: webcrypto.CryptoKey): Promise<string> =>
  x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');

const validity = (options: Pick<CertificateOptions, 'notBefore' | 'notAfter'>) => ({
  notBefore: options.notBefore ?? new Date(Date.now() - DAY_MS),
  notAfter: options.notAfter ?? new Date(Date.now() + DAY_MS),
});

function extensionsOf(options: CertificateOptions): x509.Extension[] {
  const names: x509.JsonGeneralNames = [
    ...(options.dns ?? []).map((value) => ({ type: 'dns', value }) as const),
    ...(options.ip ?? []).map((value) => ({ type: 'ip', value }) as const),
    ...(options.uri ?? []).map((value) => ({ type: 'url', value }) as const),
  ];
  const purposes = PURPOSES[options.purpose ?? 'both'];
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    ...(purposes.length > 0 ? [new x509.ExtendedKeyUsageExtension([...purposes])] : []),
    ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
  ];
}

/** A new authority with a key of its own. One that expired: give it a `notAfter` of the past. */
export async function makeAuthority(
  options: Pick<CertificateOptions, 'name' | 'notBefore' | 'notAfter'> = { name: 'test authority' },
): Promise<CertificateAuthority> {
  const keys = await makeKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${options.name}`,
    keys,
    signingAlgorithm: ALGORITHM,
    ...validity(options),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  return {
    certificate: root.toString('pem'),
    issue: async (wanted) => {
      const own = await makeKeys();
      const certificate = await x509.X509CertificateGenerator.create({
        subject: `CN=${wanted.name}`,
        issuer: root.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        ...validity(wanted),
        extensions: extensionsOf(wanted),
      });
      return { certificate: certificate.toString('pem'), key: await keyText(own.privateKey) };
    },
  };
}

/** A server's certificate for this machine's loopback names. */
export const issueForLoopback = (
  authority: CertificateAuthority,
  options: Partial<CertificateOptions> = {},
): Promise<Identity> =>
  authority.issue({ name: 'localhost', dns: ['localhost'], ip: ['127.0.0.1', '::1'], ...options });

/** Writes `NAME.crt` and `NAME.key` and gives their paths. */
export function writeIdentity(
  folder: string,
  name: string,
  identity: Identity,
): { certificate: string; key: string } {
  mkdirSync(folder, { recursive: true });
  const paths = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  writeFileSync(paths.certificate, identity.certificate);
  writeFileSync(paths.key, identity.key, { mode: 0o600 });
  return paths;
}
