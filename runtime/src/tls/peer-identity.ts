// Who is at the other end of a connection, by the certificate that was verified in its handshake. Read once a connection.
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { http2StreamOf } from '../grpc/http2-stream.ts';

export interface PeerIdentity {
  /** CN of the subject; empty if it has none. */
  readonly commonName: string;
  /** Alternative names: `DNS:trainer`, `URI:spiffe://weir/trainer`, `IP Address:10.0.0.1`, `email:a@b`. */
  readonly names: readonly string[];
}

const known = new WeakMap<object, PeerIdentity>();

/**
 * Undefined without mutual TLS: no TLS, or no certificate of a client CA was shown.
 * @param socket of a request, or of an HTTP/2 session.
 */
export function peerIdentity(socket: Socket | TLSSocket | undefined): PeerIdentity | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const earlier = known.get(socket);
  if (earlier !== undefined) return earlier;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const identity = {
    commonName: commonNameOf(certificate.subject),
    names: alternativeNames(certificate.subjectAltName ?? ''),
  };
  known.set(socket, identity);
  return identity;
}

/** The same of a gRPC call. @param call of a handler, or of a server's interceptor. */
export function peerIdentityOfCall(call: object): PeerIdentity | undefined {
  return peerIdentity(http2StreamOf(call).session?.socket);
}

/** The last CN, as the field closest to the holder; a subject has a line for each attribute. */
function commonNameOf(subject: string | undefined): string {
  const line = subject?.split('\n').findLast((one) => one.startsWith('CN='));
  return line?.slice('CN='.length) ?? '';
}

/** Node writes a name with a comma or the like in it as a JSON string, so that none can pretend to be two. */
const NAME = /([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/gy;
/** Others, such as a directory's, name nobody here. */
const KINDS = ['DNS', 'URI', 'IP Address', 'email'];

/** @param text as Node's X509Certificate has it. */
export function alternativeNames(text: string): string[] {
  return [...text.matchAll(NAME)]
    .filter(([, kind]) => KINDS.includes(kind!))
    .map(([, kind, value]) => `${kind}:${value!.startsWith('"') ? (JSON.parse(value!) as string) : value}`);
}
