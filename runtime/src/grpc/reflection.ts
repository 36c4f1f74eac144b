// gRPC server reflection (v1 and v1alpha), so that grpcurl and k6 need no files. From the protocol's descriptor set.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { type LoadedService, lazyService } from './lazy-service.ts';

const VERSIONS = ['grpc.reflection.v1', 'grpc.reflection.v1alpha'];

/** One service per version of the reflection protocol. `services` are full names, read at the first call. */
export function createReflection(services: () => readonly string[]): LoadedService[] {
  let loaded: LoadedService[] | undefined;
  return VERSIONS.map((version) => {
    const path = `/${version}.ServerReflection/ServerReflectionInfo`;
    const method = { name: 'ServerReflectionInfo', path, requestStream: true, responseStream: true };
    return lazyService([method], () => {
      loaded ??= load(services());
      const found = loaded.find(({ definition }) => Object.values(definition).some((m) => m.path === path));
      if (found === undefined) throw new Error(`the reflection library lacks ${version}`);
      return found;
    });
  });
}

function load(services: readonly string[]): LoadedService[] {
  const require = createRequire(import.meta.url);
  const { ReflectionService } = require('@grpc/reflection') as typeof import('@grpc/reflection');
  const files = fileDescriptors(readFileSync(require.resolve('@weir/proto/descriptor-set')));
  const added: LoadedService[] = [];
  const addService = (definition: ServiceDefinition, implementation: UntypedServiceImplementation): void => {
    added.push({ definition, implementation });
  };
  // The library wants a package definition and reads nothing of it but the descriptors.
  const definition = { weir: { format: '', type: {}, fileDescriptorProtos: files } };
  new ReflectionService(definition as never, { services: [...services] }).addToServer({ addService });
  return added;
}

/** The entries of a FileDescriptorSet: field 1, length-delimited, repeated. */
function fileDescriptors(set: Buffer): Buffer[] {
  const files: Buffer[] = [];
  let position = 0;
  while (position < set.length) {
    if (set[position++] !== 0x0a) throw new Error('the descriptor set holds an unknown field');
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = set[position++]!;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    files.push(set.subarray(position, position + length));
    position += length;
  }
  return files;
}
