// What a failed TLS handshake means to who has to mend it. Pure: Node's and OpenSSL's codes in, words out.
import type { ErrorCode } from '../error-codes.ts';

export interface HandshakeFailure {
  readonly code: Extract<ErrorCode, 'UNAUTHENTICATED' | 'CONFIGURATION'>;
  /** Says which server, what is wrong and what to do. */
  readonly message: string;
}

/** @param name that the server's certificate should have. Undefined where the network failed, and not TLS. */
export function handshakeFailure(address: string, name: string, error: Error): HandshakeFailure | undefined {
  const code = codeOf(error);
  // Errors of the system name the call that failed.
  if (typeof code !== 'string' || 'syscall' in error) return undefined;
  const known = KNOWN.find(([pattern]) => pattern.test(code));
  if (known === undefined) {
    return { code: 'UNAUTHENTICATED', message: `TLS with ${address} failed: ${code}: ${firstLine(error)}` };
  }
  const [, kind, words] = known;
  return { code: kind, message: words(address, name, error) };
}

/** The handshake was complete, and the server ended the connection before it said anything. */
export function refusedAfterHandshake(address: string, hadCertificate: boolean): HandshakeFailure {
  const what = hadCertificate
    ? "does not accept this client's certificate: it must be of the client CA that the server trusts, and valid now"
    : 'ended the connection right after the handshake: it may want a client certificate';
  return { code: 'UNAUTHENTICATED', message: `${address} ${what}` };
}

/** A connection without TLS was closed before anything came, and the server answers TLS. */
export function wantsTls(address: string): HandshakeFailure {
  return {
    code: 'CONFIGURATION',
    message: `${address} speaks TLS only, and this client does not: give it the server's CA (--ca FILE; \`tls\` in code)`,
  };
}

/** A client with a token and without TLS, and a server on another machine. */
export function tokenInClearText(address: string): HandshakeFailure {
  return {
    code: 'CONFIGURATION',
    message:
      `the token would go to ${address} in clear text, for all to read who are on the way: give the server's CA (--ca FILE; ` +
      '`tls` in code), or say --insecure (`insecure: true`)',
  };
}

type Words = (address: string, name: string, error: Error) => string;

const refused: Words = (address) => refusedAfterHandshake(address, true).message;

const KNOWN: readonly (readonly [RegExp, HandshakeFailure['code'], Words])[] = [
  [
    /^CERT_HAS_EXPIRED$/,
    'UNAUTHENTICATED',
    (address) => `the certificate of ${address} has expired: it must be renewed`,
  ],
  [
    /^CERT_NOT_YET_VALID$/,
    'UNAUTHENTICATED',
    (address) => `the certificate of ${address} is not valid yet: compare the clocks of both machines`,
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'UNAUTHENTICATED',
    (address, name, error) =>
      `the certificate of ${address} is not for "${name}" but for ${namesIn(error)}: ` +
      'say which name it has (--server-name NAME; `tls.serverName` in code), or give the server a certificate for its address',
  ],
  [
    /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_.*|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE|INVALID_CA)$/,
    'UNAUTHENTICATED',
    (address, _, error) =>
      `the certificate of ${address} is not of a CA that this client trusts (${codeOf(error)}): ` +
      'give the CA that issued it (--ca FILE; `tls.ca` in code)',
  ],
  [
    /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$/,
    'CONFIGURATION',
    (address) =>
      `${address} does not speak TLS, and this client does: the server has no certificate (--tls-cert, --tls-key), or it is another port`,
  ],
  [
    /ALERT_CERTIFICATE_REQUIRED$/,
    'UNAUTHENTICATED',
    (address) =>
      `${address} wants a client certificate, and this client gave none (--client-cert FILE --client-key FILE; \`tls.cert\` and \`tls.key\` in code)`,
  ],
  [
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)$/,
    'UNAUTHENTICATED',
    refused,
  ],
];

function codeOf(error: Error): unknown {
  return (error as { code?: unknown }).code;
}

function namesIn(error: Error): string {
  const { subjectaltname: names } = (error as { cert?: { subjectaltname?: string } }).cert ?? {};
  return names ?? 'no name at all';
}

function firstLine({ message }: Error): string {
  return message.split('\n', 1)[0]!;
}
