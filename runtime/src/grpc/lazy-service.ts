// gRPC services that are loaded by their first call: health and reflection are rarely asked, and their libraries cost
// more start-up time than the rest of a server.
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServiceDefinition,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';

export interface LazyMethod {
  readonly name: string;
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

export interface LoadedService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

type AnyHandler = handleUnaryCall<unknown, unknown> &
  handleServerStreamingCall<unknown, unknown> &
  handleBidiStreamingCall<unknown, unknown>;

/** A service with these methods whose codecs and handlers come from `load`, called at most once. */
export function lazyService(methods: readonly LazyMethod[], load: () => LoadedService): LoadedService {
  let loaded: LoadedService | undefined;
  const method = (path: string) => {
    loaded ??= load();
    const found = Object.entries(loaded.definition).find(([, candidate]) => candidate.path === path);
    if (found === undefined) throw new Error(`${path} is not in the loaded service`);
    const [name, definition] = found;
    const handler = loaded.implementation[name] ?? loaded.implementation[definition.originalName ?? ''];
    return { definition, handler: handler as UntypedHandleCall };
  };
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const { name, path, requestStream, responseStream } of methods) {
    definition[name] = {
      path,
      requestStream,
      responseStream,
      requestSerialize: (value) => method(path).definition.requestSerialize(value),
      requestDeserialize: (bytes) => method(path).definition.requestDeserialize(bytes),
      responseSerialize: (value) => method(path).definition.responseSerialize(value),
      responseDeserialize: (bytes) => method(path).definition.responseDeserialize(bytes),
    };
    implementation[name] = ((...call: Parameters<AnyHandler>) =>
      (method(path).handler as AnyHandler)(...call)) as AnyHandler;
  }
  return { definition, implementation };
}
