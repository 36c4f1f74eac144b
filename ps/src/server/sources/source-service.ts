// The gRPC face of a shard's source offsets.
import { SourcesService } from '@weir/proto/v1/sources';
import type { GrpcServer, Runtime } from '@weir/runtime';
import { unaryAnswer } from '../unary-answer.ts';
import type { SourceAdmin } from './source-admin.ts';

export function serveSources(server: GrpcServer, sources: SourceAdmin, logger: Runtime['log']): void {
  const unary = unaryAnswer(logger);
  server.addService(SourcesService, {
    acquire: unary((request) => sources.acquire(request)),
    describe: unary(({ group }) => sources.describe(group)),
    reset: unary((request) => sources.reset(request)),
  });
}
