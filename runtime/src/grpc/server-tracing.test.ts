import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { beginSpan, inSpan, inTraceOf, tracedCalls, WeirError } from '@weir/proto';
import { PredictorClient, PredictorService, RankRequest, RankResponse } from '@weir/proto/v1/predictor';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createGrpcServer, type GrpcServer } from './grpc-server.ts';

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({
  sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  spanProcessors: [new SimpleSpanProcessor({ exporter })],
});
const REQUEST = RankRequest.decode(new Uint8Array());
const METHOD = 'weir.v1.Predictor/Rank';

let server: GrpcServer;
let address: string;
let client: PredictorClient;
let received: Metadata;
let active: string | undefined;
let serve: () => Promise<void>;

beforeAll(async () => {
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  server = createGrpcServer();
  server.addService(PredictorService, {
    rank: (call, callback) => {
      received = call.metadata;
      serve().then(
        () => {
          active = trace.getActiveSpan()?.spanContext().spanId;
          callback(null, RankResponse.decode(new Uint8Array()));
        },
        (error: unknown) => callback(WeirError.from(error).toStatus()),
      );
    },
  });
  address = await server.bind('127.0.0.1:0');
  client = new PredictorClient(address, credentials.createInsecure(), {
    interceptors: [tracedCalls(address)],
  });
});
afterAll(async () => {
  client.close();
  await server.stop(0);
});
afterEach(() => exporter.reset());

function rank(metadata = new Metadata()): Promise<ServiceError | null> {
  return new Promise((resolve) => client.rank(REQUEST, metadata, (error) => resolve(error)));
}

function spanOf(kind: SpanKind): ReadableSpan {
  const found = exporter.getFinishedSpans().filter((span) => span.kind === kind);
  expect(found).toHaveLength(1);
  return found[0]!;
}

describe('a unary call', () => {
  it('has a span on each side, named by its full method, the server below the client', async () => {
    serve = async () => {};
    await rank();
    const [here, there] = [spanOf(SpanKind.CLIENT), spanOf(SpanKind.SERVER)];
    expect([here.name, there.name]).toEqual([METHOD, METHOD]);
    expect(there.parentSpanContext).toMatchObject({ spanId: here.spanContext().spanId, isRemote: true });
    expect(here.parentSpanContext).toBeUndefined();
    const port = Number(address.split(':')[1]);
    const common = { 'rpc.system.name': 'grpc', 'rpc.method': METHOD, 'rpc.status_code': 'OK' };
    expect(here.attributes).toEqual({ ...common, 'server.address': '127.0.0.1', 'server.port': port });
    expect(there.attributes).toEqual(common);
    expect(here.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('is below the span that is active, and its handler below the server span', async () => {
    serve = async () => new Promise<void>((resolve) => setImmediate(resolve));
    const caller = beginSpan('caller', context.active(), { kind: 'INTERNAL' });
    await inSpan(caller, () => rank());
    caller.end();
    expect(spanOf(SpanKind.CLIENT).parentSpanContext?.spanId).toBe(caller.spanContext().spanId);
    expect(active).toBe(spanOf(SpanKind.SERVER).spanContext().spanId);
    expect(trace.getActiveSpan()).toBeUndefined();
  });

  it("says a refusal's code on the client, where it counts as an error, and not on the server", async () => {
    serve = async () => {
      throw new WeirError('TABLE_NOT_FOUND', "no table 'x'");
    };
    await rank();
    const [here, there] = [spanOf(SpanKind.CLIENT), spanOf(SpanKind.SERVER)];
    expect(here.attributes).toMatchObject({
      'rpc.status_code': 'NOT_FOUND',
      'error.type': 'TABLE_NOT_FOUND',
    });
    expect(here.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(here.events).toEqual([]);
    expect(there.attributes['rpc.status_code']).toBe('NOT_FOUND');
    expect(there.attributes).not.toHaveProperty('error.type');
    expect(there.status.code).toBe(SpanStatusCode.UNSET);
  });

  it("marks the server's own failure on the server, too", async () => {
    serve = async () => {
      throw new Error('a bug');
    };
    await rank();
    const there = spanOf(SpanKind.SERVER);
    expect(there.attributes).toMatchObject({ 'rpc.status_code': 'INTERNAL', 'error.type': 'INTERNAL' });
    expect(there.status.code).toBe(SpanStatusCode.ERROR);
    expect(there.events).toEqual([]);
  });

  it('ends the span of a server that answers after the caller has gone', async () => {
    let release = (): void => {};
    serve = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const call = client.rank(REQUEST, new Metadata(), { deadline: Date.now() + 100 }, () => {});
    await new Promise((resolve) => call.on('status', resolve));
    await expect.poll(() => exporter.getFinishedSpans()).toHaveLength(2);
    release();
    expect(spanOf(SpanKind.CLIENT).attributes['rpc.status_code']).toBe('DEADLINE_EXCEEDED');
    expect(spanOf(SpanKind.SERVER).ended).toBe(true);
  });

  it('goes on with what an unsampled caller decided', async () => {
    serve = async () => {};
    await inTraceOf([], () => rank());
    expect(received.get('traceparent')[0]).toMatch(/-00$/);
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it('belongs to the first of several callers and links to the others', async () => {
    serve = async () => {};
    const callers = [1, 2, 3].map(() => beginSpan('caller', context.active(), { kind: 'INTERNAL' }));
    await inTraceOf(
      callers.map((caller) => caller.spanContext()),
      () => rank(),
    );
    const here = spanOf(SpanKind.CLIENT);
    expect(here.parentSpanContext?.spanId).toBe(callers[0]!.spanContext().spanId);
    expect(here.links.map((link) => link.context.spanId)).toEqual(
      callers.slice(1).map((caller) => caller.spanContext().spanId),
    );
  });

  it("takes a trace's state along and leaves the caller's metadata alone", async () => {
    serve = async () => {};
    const metadata = new Metadata();
    metadata.set('x', '1');
    await rank(metadata);
    expect(metadata.get('traceparent')).toEqual([]);
    expect(received.get('x')).toEqual(['1']);
  });
});
