// The token that a client shows with every call. It stands in no message: neither one that is refused here, nor what a library
// would say of it.
import { CallCredentials, Metadata } from '@grpc/grpc-js';
import { WeirError } from '../weir-error.ts';

/** A function is asked again for every call, so that a new token needs no new client; what it returns should be at hand. */
export type TokenSource = string | (() => string);

const TOKEN = /^[\x21-\x7e]{1,4096}$/;

/**
 * Where a function throws, or what it returns cannot be a token, the last one serves.
 * @throws WeirError INVALID_ARGUMENT if the first one cannot be used.
 */
export function bearerCredentials(source: TokenSource): CallCredentials {
  let token = requireToken(typeof source === 'function' ? source() : source);
  let metadata = bearer(token);
  return CallCredentials.createFromMetadataGenerator((_, done) => {
    if (typeof source === 'function') {
      try {
        const next = source();
        if (next !== token) {
          metadata = bearer(requireToken(next));
          token = next;
        }
      } catch {
        // A file in the middle of being written, say.
      }
    }
    done(null, metadata);
  });
}

/** @throws WeirError INVALID_ARGUMENT. */
export function requireToken(token: string): string {
  if (TOKEN.test(token)) return token;
  throw new WeirError(
    'INVALID_ARGUMENT',
    'token: 1 to 4,096 characters of ASCII without spaces are expected (it is not shown here)',
  );
}

function bearer(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}
