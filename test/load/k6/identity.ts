// Whom k6 trusts and what it shows: by the variables that the verbs of `weir` go by too. No secret stands in a plan.
import type { ConnectParams, TLSParams } from 'k6/net/grpc';

const { WEIR_CA: ca, WEIR_CLIENT_CERT: cert, WEIR_CLIENT_KEY: key, WEIR_TOKEN: token } = __ENV;

export const connection: ConnectParams = ca === undefined ? { plaintext: true } : { tls: tlsOf(ca) };

/** Of every call. */
export const metadata: object = token === undefined ? {} : { authorization: `Bearer ${token}` };

/** Its types want what only mutual TLS needs. */
function tlsOf(trusted: string): TLSParams {
  return {
    ...(trusted !== 'system' && { cacerts: open(trusted) }),
    ...(cert !== undefined && key !== undefined && { cert: open(cert), key: open(key) }),
  } as TLSParams;
}
