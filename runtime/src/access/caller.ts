// What a call says about who makes it: a bearer token, of which only the hash is kept, and the names in a client certificate that the
// TLS handshake has verified.
import type { PeerIdentity } from '../tls/peer-identity.ts';
import { sha256Of } from './access-policy.ts';

export interface Caller {
  /** Of the token; `malformed` when there is an authorization that is no bearer token. */
  readonly token: Buffer | 'malformed' | undefined;
  /** As they stand in an access file: `DNS:trainer`, `URI:spiffe://weir/trainer`, `CN:trainer`. */
  readonly certificate: readonly string[];
}

const BEARER = /^Bearer ([\x21-\x7e]+)$/i;

/** @param authorization of metadata or a header. */
export function callerOf(authorization: string | undefined, peer: PeerIdentity | undefined): Caller {
  const certificate = peer === undefined ? [] : [...peer.names, `CN:${peer.commonName}`];
  if (authorization === undefined) return { token: undefined, certificate };
  const token = BEARER.exec(authorization)?.[1];
  return { token: token === undefined ? 'malformed' : sha256Of(token), certificate };
}
