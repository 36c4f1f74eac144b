// grpc.health.v1: what probes and load balancers ask. Serving from bind to stop, for the server and each service.
import { createRequire } from 'node:module';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { HealthImplementation, ServingStatus } from 'grpc-health-check';
import { type LoadedService, lazyService } from './lazy-service.ts';

export interface Health extends LoadedService {
  /** '' is the whole server. */
  setStatus(service: string, status: ServingStatus): void;
}

const METHODS = [
  { name: 'check', path: '/grpc.health.v1.Health/Check', requestStream: false, responseStream: false },
  { name: 'watch', path: '/grpc.health.v1.Health/Watch', requestStream: false, responseStream: true },
];

export function createHealth(): Health {
  const statuses = new Map<string, ServingStatus>();
  let implementation: HealthImplementation | undefined;
  const service = lazyService(METHODS, () => {
    const library = createRequire(import.meta.url)('grpc-health-check') as typeof import('grpc-health-check');
    implementation = new library.HealthImplementation(Object.fromEntries(statuses));
    return captured((server) => implementation!.addToServer(server));
  });
  return {
    ...service,
    setStatus(name, status) {
      statuses.set(name, status);
      implementation?.setStatus(name, status);
    },
  };
}

interface ServiceSink {
  addService(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void;
}

/** What a library would add to a server. */
export function captured(addTo: (server: ServiceSink) => void): LoadedService {
  let service: LoadedService | undefined;
  addTo({
    addService(definition, implementation) {
      service = { definition, implementation };
    },
  });
  if (service === undefined) throw new Error('no service was added');
  return service;
}
