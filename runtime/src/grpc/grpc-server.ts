// A gRPC server with what each of ours has: health, reflection, message limits, keepalive, one way to stop.
import {
  logVerbosity,
  Server,
  type ServiceDefinition,
  setLogVerbosity,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { MESSAGE_BYTES_MAX, WeirError } from '@weir/proto';
import type { TableName } from '../access/call-access.ts';
import { guardCalls } from '../access/guard.ts';
import {
  CALLS_PER_CONNECTION_MAX,
  HALF_MESSAGE_BYTES_MAX,
  KEEPALIVE_TIME_MS,
  KEEPALIVE_TIMEOUT_MS,
} from '../limits.ts';
import { formatHostPort, listenError, parseHostPort } from '../listen-address.ts';
import { meter } from '../telemetry/meter.ts';
import { checkListener, type ListenerSecurity, LOOPBACK_ONLY } from '../tls/listener-security.ts';
import { HalfMessages } from './half-messages.ts';
import type { Handlers } from './handlers.ts';
import { createHealth } from './health.ts';
import { http2ServersOf } from './http2-stream.ts';
import { limitConnectionCount, limitConnections } from './limit-connections.ts';
import { createReflection } from './reflection.ts';
import { refuseMalformed } from './refuse-malformed.ts';
import { serverCredentials } from './server-credentials.ts';
import { traceServed } from './server-tracing.ts';

export interface GrpcServer {
  addService<D extends ServiceDefinition>(definition: D, implementation: Handlers<D>): void;
  /**
   * Listens on `host:port` (port 0: any free one) and serves; the address bound.
   * @throws WeirError CONFIGURATION if it cannot, or if other machines would reach it without TLS.
   */
  bind(listen: string): Promise<string>;
  /**
   * Health turns NOT_SERVING, new calls are refused, running calls get `timeoutMs`, then are cut.
   * Streams without an end must be ended by their handlers when the runtime's signal aborts, else this takes all of it.
   */
  stop(timeoutMs: number): Promise<void>;
}

export interface GrpcServerOptions {
  /** `runtime.security.listeners`; default: without TLS, and for this machine only. */
  readonly security?: ListenerSecurity;
  /** Of a shard. */
  readonly tableName?: TableName;
  /** The setting that an operator changes when the address is taken; default `--listen`. */
  readonly listenFlag?: string;
  /** Default HALF_MESSAGE_BYTES_MAX. */
  readonly halfMessageBytesMax?: number;
}

export function createGrpcServer(options: GrpcServerOptions = {}): GrpcServer {
  const { security = LOOPBACK_ONLY, listenFlag = '--listen' } = options;
  // What the library would print on stderr reaches us as errors.
  if (process.env.GRPC_VERBOSITY === undefined) setLogVerbosity(logVerbosity.NONE);
  const cut = meter('weir.runtime').createCounter('grpc.server.half_messages.cut', {
    unit: '{call}',
    description: 'Calls ended because too many bytes of unfinished messages were held',
  });
  const halfMessages = new HalfMessages(options.halfMessageBytesMax ?? HALF_MESSAGE_BYTES_MAX, () =>
    cut.add(1),
  );
  const { access } = security;
  const guard = access === undefined ? [] : [guardCalls(access, options.tableName)];
  const server = new Server({
    // The first two need gRPC's own call; the last one stands outside of the others.
    interceptors: [refuseMalformed(), halfMessages.interceptor, traceServed, ...guard],
    'grpc.max_concurrent_streams': CALLS_PER_CONNECTION_MAX,
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.keepalive_permit_without_calls': 1,
  });
  limitConnections(server);
  const health = createHealth();
  const names = new Set<string>();
  const add = (definition: ServiceDefinition, implementation: UntypedServiceImplementation): void => {
    server.addService(definition, implementation);
    for (const { path } of Object.values(definition)) names.add(path.split('/')[1]!);
  };
  add(health.definition, health.implementation);
  for (const service of createReflection(() => [...names])) add(service.definition, service.implementation);
  const setStatus = (status: 'SERVING' | 'NOT_SERVING'): void => {
    for (const name of ['', ...names]) health.setStatus(name, status);
  };
  return {
    addService: (definition, implementation) =>
      add(definition, implementation as UntypedServiceImplementation),
    async bind(listen) {
      const wanted = parseHostPort(listen);
      if (wanted === undefined) throw new WeirError('CONFIGURATION', `"${listen}" is not HOST:PORT`);
      checkListener(listen, listenFlag, security);
      const { tls } = security;
      const port = await new Promise<number>((resolve, reject) => {
        server.bindAsync(formatHostPort(wanted), serverCredentials(tls), (error, bound) => {
          if (error === null) resolve(bound);
          else reject(listenError(listen, listenFlag, error));
        });
      });
      limitConnectionCount(server);
      if (tls !== undefined) {
        for (const listener of http2ServersOf(server)) listener.on('tlsClientError', tls.handshakeFailed);
      }
      setStatus('SERVING');
      return formatHostPort({ host: wanted.host, port });
    },
    async stop(timeoutMs) {
      setStatus('NOT_SERVING');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, timeoutMs);
        server.tryShutdown(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
  };
}
