// gRPC channels of the driver and the canary, and their unary calls as promises.
import type {
  CallOptions,
  ChannelOptions,
  ClientOptions,
  ClientUnaryCall,
  ServiceError,
} from '@grpc/grpc-js';
import { ClientCredentials, MESSAGE_BYTES_MAX, secureCalls, tracedCalls } from '@weir/proto';
import { CALL_TIMEOUT_MS } from '../limits.ts';

/** Of the driver, whose services run on this machine. */
export const PLAIN = new ClientCredentials(undefined);

export const CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  // The driver repeats calls itself.
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 500,
  // Services are neighbours, often on this machine; a proxy meant for the way out of the network does not reach them.
  'grpc.enable_http_proxy': 0,
};

/** Of a client whose calls begin traces: how the driver uses the loop is what a trace is about. */
export function tracedChannel(address: string, credentials: ClientCredentials): ClientOptions {
  return {
    ...CHANNEL_OPTIONS,
    interceptors: [tracedCalls(address)],
    ...secureCalls(credentials, address),
  };
}

/** A unary call's answer; rejects with the ServiceError. */
export function unary<Answer>(
  call: (
    options: CallOptions,
    done: (error: ServiceError | null, answer?: Answer) => void,
  ) => ClientUnaryCall,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    call({ deadline: Date.now() + CALL_TIMEOUT_MS }, (error, answer) => {
      if (error === null) resolve(answer as Answer);
      else reject(error);
    });
  });
}
