// How the client reaches the server: credentials and gRPC's settings; one connection per client.
import { type ChannelCredentials, credentials, Metadata } from '@grpc/grpc-js';
import { MESSAGE_BYTES_MAX, tracedCalls, WeirError } from '@weir/proto';
import { StreamsClient as Stub } from '@weir/proto/v1/streams';
import {
  KEEPALIVE_TIME_MS,
  KEEPALIVE_TIMEOUT_MS,
  READ_WINDOW_BYTES,
  RETRY_FIRST_MS,
  RETRY_LAST_MS,
} from '../limits.ts';

export interface ConnectStreamsOptions {
  /** `host:port` of the streams server. */
  readonly address: string;
  /** PEM. Without `ca` the system's roots are used; `cert` and `key` are for mutual TLS. */
  readonly tls?: {
    readonly ca?: string | Uint8Array;
    readonly cert?: string | Uint8Array;
    readonly key?: string | Uint8Array;
  };
  /** Sent as a bearer token. */
  readonly token?: string;
}

export interface Channel {
  readonly address: string;
  readonly stub: Stub;
  readonly metadata: Metadata;
}

/** Connects with the first call. */
export function openChannel({ address, tls, token }: ConnectStreamsOptions): Channel {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  const stub = new Stub(address, tls === undefined ? credentials.createInsecure() : tlsCredentials(tls), {
    'grpc-node.flow_control_window': READ_WINDOW_BYTES,
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc.initial_reconnect_backoff_ms': RETRY_FIRST_MS,
    'grpc.max_reconnect_backoff_ms': RETRY_LAST_MS,
    'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    // Repeating is this client's business: it has one deadline over all attempts.
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
    // The server is a neighbour; a proxy meant for the way out of the network does not reach it.
    'grpc.enable_http_proxy': 0,
    interceptors: [tracedCalls(address)],
  });
  return { address, stub, metadata };
}

function tlsCredentials(tls: NonNullable<ConnectStreamsOptions['tls']>): ChannelCredentials {
  const pem = (text: string | Uint8Array | undefined): Buffer | null =>
    text === undefined ? null : Buffer.from(text);
  try {
    return credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WeirError('INVALID_ARGUMENT', `tls: ${reason}`, { cause });
  }
}
