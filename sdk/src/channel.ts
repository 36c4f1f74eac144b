// How the client reaches a server: credentials, metadata and gRPC's settings. One connection per client object.
import { type ClientOptions, Metadata } from '@grpc/grpc-js';
import {
  ClientCredentials,
  type ClientIdentity,
  MESSAGE_BYTES_MAX,
  secureCalls,
  type TlsSource,
  tracedCalls,
  type WeirError,
} from '@weir/proto';
import { GroupsClient } from '@weir/proto/v1/groups';
import { ParameterServerClient } from '@weir/proto/v1/parameter_server';
import { SourcesClient } from '@weir/proto/v1/sources';
import {
  FLOW_CONTROL_WINDOW_BYTES,
  KEEPALIVE_INTERVAL_MS,
  KEEPALIVE_TIMEOUT_MS,
  RECONNECT_MS_MAX,
  RECONNECT_MS_MIN,
} from './limits.ts';

/** Opens clients that all carry the same identity. */
export interface Channels {
  open(address: string): ParameterServerClient;
  openGroups(address: string): GroupsClient;
  /** Over the same connection. */
  sourcesOver(client: ParameterServerClient, address: string): SourcesClient;
  /** Why an address could not be reached, if that is a matter of TLS. */
  failureAt(address: string): WeirError | undefined;
  readonly metadata: Metadata;
}

/** @throws WeirError INVALID_ARGUMENT when `tls` or the token cannot be used. */
export function channels(tls: TlsSource | undefined, identity: ClientIdentity): Channels {
  const credentials = new ClientCredentials(tls, identity);
  const options: ClientOptions = {
    'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW_BYTES,
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc.initial_reconnect_backoff_ms': RECONNECT_MS_MIN,
    'grpc.max_reconnect_backoff_ms': RECONNECT_MS_MAX,
    // A shard that was started anew may have another address under its name. gRPC's own 30 s would outlast a call's deadline.
    'grpc.dns_min_time_between_resolutions_ms': RECONNECT_MS_MAX,
    'grpc.keepalive_time_ms': KEEPALIVE_INTERVAL_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    // The SDK alone knows which number a push has, so it alone may send one again.
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    // A subscriber that is not read must not hold up the connection that pulls and pushes use.
    'grpc.use_local_subchannel_pool': 1,
    // Shards are neighbours; a proxy meant for the way out of the network does not reach them.
    'grpc.enable_http_proxy': 0,
  };
  const ofAddress = (address: string): ClientOptions => ({
    interceptors: [tracedCalls(address)],
    ...secureCalls(credentials, address),
  });
  const opened = (address: string): ClientOptions => ({ ...options, ...ofAddress(address) });
  return {
    open: (address) => new ParameterServerClient(address, credentials, opened(address)),
    openGroups: (address) => new GroupsClient(address, credentials, opened(address)),
    sourcesOver: (client, address) =>
      new SourcesClient('', credentials, { channelOverride: client.getChannel(), ...ofAddress(address) }),
    failureAt: (address) => credentials.failureAt(address),
    metadata: new Metadata(),
  };
}
