import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { WeirError } from '@weir/proto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type JsonServer, startJsonServer } from './json-server.ts';

const exporter = new InMemorySpanExporter();
const TRACE_ID = 'c'.repeat(32);
const CALLER = `00-${TRACE_ID}-${'d'.repeat(16)}-01`;

let server: JsonServer;
let active: string | undefined;

beforeAll(async () => {
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  server = await startJsonServer({
    listen: '127.0.0.1:0',
    listenFlag: '--http-listen',
    bodyBytesMax: 100,
    routes: {
      '/v1/echo': async (body) => {
        active = trace.getActiveSpan()?.spanContext().spanId;
        return body;
      },
      '/v1/refused': async () => {
        throw new WeirError('INVALID_ARGUMENT', 'no');
      },
      '/v1/away': async () => {
        throw new WeirError('UNAVAILABLE', 'not now');
      },
    },
  });
});
afterAll(() => server.stop());
afterEach(() => exporter.reset());

async function post(path: string): Promise<void> {
  const options = { method: 'POST', body: '{}', headers: { traceparent: CALLER } };
  await (await fetch(`http://${server.address}${path}?key=secret`, options)).text();
  await expect.poll(() => exporter.getFinishedSpans().length).toBe(path === '/nowhere' ? 0 : 1);
}

describe('a request over HTTP', () => {
  it("has a span in its caller's trace, named by method and route, and its handler belongs to it", async () => {
    await post('/v1/echo');
    const [span] = exporter.getFinishedSpans();
    expect([span!.name, span!.kind]).toEqual(['POST /v1/echo', SpanKind.SERVER]);
    expect(span!.parentSpanContext).toMatchObject({ traceId: TRACE_ID, isRemote: true });
    expect(active).toBe(span!.spanContext().spanId);
    expect(span!.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/v1/echo',
      'url.path': '/v1/echo',
      'url.scheme': 'http',
      'http.response.status_code': 200,
    });
  });

  it("is an error only where the failure is the server's", async () => {
    await post('/v1/refused');
    const [refused] = exporter.getFinishedSpans();
    expect(refused!.attributes['http.response.status_code']).toBe(400);
    expect(refused!.status.code).toBe(SpanStatusCode.UNSET);
    exporter.reset();
    await post('/v1/away');
    const [failed] = exporter.getFinishedSpans();
    expect(failed!.attributes).toMatchObject({ 'http.response.status_code': 503, 'error.type': '503' });
    expect(failed!.status).toEqual({ code: SpanStatusCode.ERROR });
  });

  it('to a route that there is not has none', async () => {
    await post('/nowhere');
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});
