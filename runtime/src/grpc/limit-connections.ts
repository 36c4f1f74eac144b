// What a connection may cost before any call of it is looked at: how many there are, what HTTP/2 holds for one, how much
// metadata a call has, how often calls are cancelled. grpc-js passes on little of that to the listeners that it makes, so
// this writes into the options that it makes them with.
import type { ServerOptions } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import {
  CANCELS_BURST,
  CANCELS_PER_SECOND,
  CONNECTION_MEMORY_MB,
  GRPC_CONNECTIONS_MAX,
  INVALID_FRAMES_MAX,
  METADATA_BYTES_MAX,
  METADATA_FIELDS_MAX,
} from '../limits.ts';
import { meter } from '../telemetry/meter.ts';
import { http2ServersOf } from './http2-stream.ts';

/** To be called before it is bound. */
export function limitConnections(server: Server): void {
  const { commonServerOptions: options } = server as unknown as { commonServerOptions?: ServerOptions };
  if (options?.settings === undefined) throw new Error('grpc-js has no options where it used to have them');
  options.settings.maxHeaderListSize = METADATA_BYTES_MAX;
  options.maxHeaderListPairs = METADATA_FIELDS_MAX;
  options.maxSessionMemory = CONNECTION_MEMORY_MB;
  options.maxSessionInvalidFrames = INVALID_FRAMES_MAX;
  options.streamResetBurst = CANCELS_BURST;
  options.streamResetRate = CANCELS_PER_SECOND;
}

/** To be called once it is bound. */
export function limitConnectionCount(server: Server): void {
  const refused = meter('weir.runtime').createCounter('grpc.server.connections.refused', {
    unit: '{connection}',
    description: 'Connections closed at once because there were too many',
  });
  for (const listener of http2ServersOf(server)) {
    listener.maxConnections = GRPC_CONNECTIONS_MAX;
    listener.on('drop', () => refused.add(1));
  }
}
