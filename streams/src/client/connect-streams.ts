// The client over gRPC.
import { WeirError } from '@weir/proto';
import type { StreamsClient } from '../streams-client.ts';

export interface ConnectStreamsOptions {
  /** `host:port` of the streams server. */
  readonly address: string;
  /** PEM; without it the connection is plain. */
  readonly tls?: { readonly ca?: Uint8Array; readonly cert?: Uint8Array; readonly key?: Uint8Array };
  /** Sent as a bearer token; needs `tls`. */
  readonly token?: string;
}

/** Connects lazily: a server that is not there yet shows in the first call, after its deadline. */
export function connectStreams(_options: ConnectStreamsOptions): StreamsClient {
  throw new WeirError('UNIMPLEMENTED', 'the streams client is not built yet');
}
