// How the client reaches the server: credentials and gRPC's settings; one connection per client.
import { Metadata } from '@grpc/grpc-js';
import {
  ClientCredentials,
  type ClientIdentity,
  MESSAGE_BYTES_MAX,
  secureCalls,
  type TlsSource,
  tracedCalls,
} from '@weir/proto';
import { StreamsClient as Stub } from '@weir/proto/v1/streams';
import {
  KEEPALIVE_TIME_MS,
  KEEPALIVE_TIMEOUT_MS,
  READ_WINDOW_BYTES,
  RETRY_FIRST_MS,
  RETRY_LAST_MS,
} from '../limits.ts';

/** Of `connectStreams`. */
export interface ConnectStreamsOptions extends ClientIdentity {
  /** `host:port` of the streams server. */
  readonly address: string;
  /** PEM texts, or a function that returns them and is asked for each new connection. Default: no TLS. */
  readonly tls?: TlsSource | undefined;
}

export interface Channel {
  readonly address: string;
  readonly stub: Stub;
  readonly credentials: ClientCredentials;
  readonly metadata: Metadata;
}

/**
 * Connects with the first call.
 * @throws WeirError INVALID_ARGUMENT when `tls` or the token cannot be used.
 */
export function openChannel({ address, tls, ...identity }: ConnectStreamsOptions): Channel {
  const credentials = new ClientCredentials(tls, identity);
  const stub = new Stub(address, credentials, {
    'grpc-node.flow_control_window': READ_WINDOW_BYTES,
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc.initial_reconnect_backoff_ms': RETRY_FIRST_MS,
    'grpc.max_reconnect_backoff_ms': RETRY_LAST_MS,
    // A server that was started anew may have another address under its name.
    'grpc.dns_min_time_between_resolutions_ms': RETRY_LAST_MS,
    'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    // Repeating is this client's business: it has one deadline over all attempts.
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
    // The server is a neighbour; a proxy meant for the way out of the network does not reach it.
    'grpc.enable_http_proxy': 0,
    interceptors: [tracedCalls(address)],
    ...secureCalls(credentials, address),
  });
  return { address, stub, credentials, metadata: new Metadata() };
}
