// Plain gRPC channels of the driver, and their unary calls as promises.
import {
  type CallOptions,
  type ChannelOptions,
  type ClientOptions,
  type ClientUnaryCall,
  credentials,
  type ServiceError,
} from '@grpc/grpc-js';
import { MESSAGE_BYTES_MAX, tracedCalls } from '@weir/proto';
import { CALL_TIMEOUT_MS } from '../limits.ts';

export const insecure = credentials.createInsecure();

export const CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  // The driver repeats calls itself.
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 500,
};

/** Of a client whose calls begin traces: how the driver uses the loop is what a trace is about. */
export function tracedChannel(address: string): ClientOptions {
  return { ...CHANNEL_OPTIONS, interceptors: [tracedCalls(address)] };
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
