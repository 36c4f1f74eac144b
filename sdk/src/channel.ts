// How the client reaches a server: credentials, metadata and gRPC's settings. One connection per client object.
import { type ChannelCredentials, type ClientOptions, credentials, Metadata } from '@grpc/grpc-js';
import { MESSAGE_BYTES_MAX, tracedCalls, WeirError } from '@weir/proto';
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

/** PEM texts. Without `ca` the system's roots are used; `cert` and `key` are for mutual TLS. */
export interface TlsOptions {
  readonly ca?: string | Uint8Array | undefined;
  readonly cert?: string | Uint8Array | undefined;
  readonly key?: string | Uint8Array | undefined;
  /** Name in the server's certificate, where it is not the host of the address. */
  readonly serverName?: string | undefined;
}

/** Opens clients that all carry the same identity. */
export interface Channels {
  open(address: string): ParameterServerClient;
  openGroups(address: string): GroupsClient;
  /** Over the same connection. */
  sourcesOver(client: ParameterServerClient, address: string): SourcesClient;
  readonly metadata: Metadata;
}

export function channels(tls: TlsOptions | undefined, token: string | undefined): Channels {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  const identity = tls === undefined ? credentials.createInsecure() : tlsCredentials(tls);
  const options: ClientOptions = {
    'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW_BYTES,
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc.initial_reconnect_backoff_ms': RECONNECT_MS_MIN,
    'grpc.max_reconnect_backoff_ms': RECONNECT_MS_MAX,
    'grpc.keepalive_time_ms': KEEPALIVE_INTERVAL_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    // The SDK alone knows which number a push has, so it alone may send one again.
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    // A subscriber that is not read must not hold up the connection that pulls and pushes use.
    'grpc.use_local_subchannel_pool': 1,
    // Shards are neighbours; a proxy meant for the way out of the network does not reach them.
    'grpc.enable_http_proxy': 0,
    ...(tls?.serverName !== undefined && { 'grpc.ssl_target_name_override': tls.serverName }),
  };
  const traced = (address: string): ClientOptions => ({ ...options, interceptors: [tracedCalls(address)] });
  return {
    open: (address) => new ParameterServerClient(address, identity, traced(address)),
    openGroups: (address) => new GroupsClient(address, identity, traced(address)),
    sourcesOver: (client, address) =>
      new SourcesClient('', identity, {
        channelOverride: client.getChannel(),
        interceptors: [tracedCalls(address)],
      }),
    metadata,
  };
}

function tlsCredentials(tls: TlsOptions): ChannelCredentials {
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new WeirError('INVALID_ARGUMENT', 'tls: cert and key belong together, one of them is missing');
  }
  const pem = (text: string | Uint8Array | undefined): Buffer | null =>
    text === undefined ? null : Buffer.from(text);
  try {
    return credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert));
  } catch (cause) {
    throw new WeirError('INVALID_ARGUMENT', `tls: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}
