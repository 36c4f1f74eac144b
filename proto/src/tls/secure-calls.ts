// The options that make a client's calls say why its server cannot be reached, where that is a matter of TLS.
import type { CallProperties, ClientOptions } from '@grpc/grpc-js';
import type { ClientCredentials } from './client-credentials.ts';

/** To be spread into the options of a client of `address`; calls with one answer then fail with the reason. */
export function secureCalls(credentials: ClientCredentials, address: string): Partial<ClientOptions> {
  return {
    callInvocationTransformer: <Request, Response>(call: CallProperties<Request, Response>) => {
      const { callback } = call;
      if (callback !== undefined) {
        call.callback = (error, value) =>
          callback(error === null ? null : (credentials.explained(error, address) as typeof error), value);
      }
      return call;
    },
  };
}
