// `weir collector`: the front door for features and behaviour, over gRPC and HTTP.
import { WeirError } from '@weir/proto';
import { IngestService, type PutResponse } from '@weir/proto/v1/ingest';
import { createGrpcServer, meter, type RunningService, type Runtime } from '@weir/runtime';
import { connectStreams } from '@weir/streams/client';
import { ensureStreams } from '../pipeline-streams.ts';
import type { CollectorConfig } from './config.ts';
import { startHttp } from './http.ts';
import { Ingest } from './ingest.ts';
import { STOP_TIMEOUT_MS } from './limits.ts';

export async function startCollector(config: CollectorConfig, runtime: Runtime): Promise<RunningService> {
  const client = connectStreams({ address: config.streams, ...runtime.security.clients });
  const partitions = await ensureStreams(client, ['features', 'behaviour', 'rejected'], config.partitions, {
    signal: runtime.signal,
  });
  const ingest = new Ingest({ client, partitions, now: Date.now });
  observe(ingest);
  runtime.admin.get('/counters', () => ingest.counters);

  const server = createGrpcServer({ security: runtime.security.listeners });
  server.addService(IngestService, {
    putFeatures: (call, callback) =>
      answer(ingest.putFeatures(call.request.records.map((record) => ({ record }))), callback),
    putEvents: (call, callback) =>
      answer(ingest.putEvents(call.request.events.map((record) => ({ record }))), callback),
  });
  const http = await startHttp(config.httpListen, runtime.security.listeners, ingest);
  runtime.log.info({ http: http.address }, 'serving POST /v1/features and /v1/events');
  const listen = await server.bind(config.listen);
  return {
    listen,
    async stop() {
      await Promise.all([server.stop(STOP_TIMEOUT_MS), http.stop()]);
      await client.close();
    },
  };
}

type Callback = (error: ReturnType<WeirError['toStatus']> | null, response?: PutResponse) => void;

function answer(response: Promise<PutResponse>, callback: Callback): void {
  response.then(
    (value) => callback(null, value),
    (error: unknown) => callback(WeirError.from(error).toStatus()),
  );
}

function observe(ingest: Ingest): void {
  const { counters } = ingest;
  const instruments = meter('weir.collector');
  const counter = (name: string, description: string, read: () => number): void => {
    instruments
      .createObservableCounter(name, { unit: '{record}', description })
      .addCallback((result) => result.observe(read()));
  };
  counter('collector.accepted', 'Records appended and acknowledged', () => counters.accepted);
  counter('collector.duplicates', 'Repeats that the cache knew', () => counters.duplicates);
  instruments
    .createObservableCounter('collector.rejected', {
      unit: '{record}',
      description: 'Records that are malformed or abnormal, by reason',
    })
    .addCallback((result) => {
      for (const [reason, count] of Object.entries(counters.rejected)) result.observe(count, { reason });
    });
  instruments
    .createObservableGauge('collector.in_flight', {
      unit: 'By',
      description: 'Records that wait for the streams',
    })
    .addCallback((result) => result.observe(ingest.inFlightBytes));
}
