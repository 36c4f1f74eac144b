import { Metadata } from '@grpc/grpc-js';
import { IngestClient, type PutResponse } from '@weir/proto/v1/ingest';
import { createGrpcServer } from '@weir/runtime';
import { afterEach, expect, it, vi } from 'vitest';
import { PLAIN, tracedChannel, unary } from './channel.ts';

afterEach(() => vi.unstubAllEnvs());

it('a channel reaches services of this machine, whatever proxy the environment names', async () => {
  vi.stubEnv('grpc_proxy', 'http://127.0.0.1:9');
  vi.stubEnv('no_grpc_proxy', undefined);
  const server = createGrpcServer();
  const address = await server.bind('127.0.0.1:0');
  const client = new IngestClient(address, PLAIN, tracedChannel(address, PLAIN));
  const put = unary<PutResponse>((options, done) =>
    client.putEvents({ events: [] }, new Metadata(), options, done),
  );
  // It has no such method: that is the server's own word.
  await expect(put).rejects.toThrow('UNIMPLEMENTED');
  client.close();
  await server.stop(1_000);
});
