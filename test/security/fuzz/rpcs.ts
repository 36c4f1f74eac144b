// Every RPC that there is: from the generated services, and those that each server adds.
import { GroupsService } from '@weir/proto/v1/groups';
import { IngestService } from '@weir/proto/v1/ingest';
import { ParameterServerService } from '@weir/proto/v1/parameter_server';
import { PredictorService } from '@weir/proto/v1/predictor';
import { SourcesService } from '@weir/proto/v1/sources';
import { StreamsService } from '@weir/proto/v1/streams';

export interface Rpc {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /** Throws where the bytes are no message; undefined: the server has a decoder of another make. */
  readonly decode: ((bytes: Buffer) => unknown) | undefined;
}

export type Server = 'ps' | 'streams' | 'collector' | 'predictor';

interface Method {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
}

/** Read by a decoder of their own, which takes some of what the generated one does not (texts that are not UTF-8). */
const DECODE_THEMSELVES: ReadonlySet<string> = new Set(['/weir.v1.Streams/Append']);

const rpcsOf = (...services: readonly Readonly<Record<string, Method>>[]): Rpc[] =>
  services.flatMap((service) =>
    Object.values(service).map(({ path, requestStream, responseStream, requestDeserialize }) => ({
      path,
      requestStream,
      responseStream,
      decode: DECODE_THEMSELVES.has(path) ? undefined : requestDeserialize,
    })),
  );

/** What is made in an attack is listed by others: they come first, so that their answers stay small. */
const makesThings = ({ path }: Rpc): boolean => /\/(Create|Join)/.test(path);
const makersLast = (rpcs: readonly Rpc[]): Rpc[] => [
  ...rpcs.filter((rpc) => !makesThings(rpc)),
  ...rpcs.filter(makesThings),
];

export const RPCS: Readonly<Record<Server, readonly Rpc[]>> = {
  ps: makersLast(rpcsOf(ParameterServerService, GroupsService, SourcesService)),
  streams: makersLast(rpcsOf(StreamsService)),
  collector: rpcsOf(IngestService),
  predictor: rpcsOf(PredictorService),
};

const library = (path: string, requestStream: boolean, responseStream: boolean): Rpc => ({
  path,
  requestStream,
  responseStream,
  decode: undefined,
});

/** What every server has; attacked on one. */
export const COMMON_RPCS: readonly Rpc[] = [
  library('/grpc.health.v1.Health/Check', false, false),
  library('/grpc.health.v1.Health/Watch', false, true),
  library('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', true, true),
  library('/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo', true, true),
];

export const serviceOf = ({ path }: Rpc): string => path.split('/')[1]!;
