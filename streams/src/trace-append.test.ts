// Whose trace an append belongs to, over gRPC and in the same process.
import { context, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { beginSpan, inSpan, inTraceOf, type Span, sampledIn, traceHeaders } from '@weir/proto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { StreamRecord } from './client/index.ts';
import { IMPLEMENTATIONS, type Opened } from './testing/implementations.ts';

const exporter = new InMemorySpanExporter();
const APPEND = 'weir.v1.Streams/Append';
const value = Uint8Array.of(1);

beforeAll(() => {
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterEach(() => exporter.reset());

const begin = (): Span => beginSpan('caller', context.active(), { kind: 'INTERNAL' });
const idOf = (span: ReadableSpan | Span): string => span.spanContext().spanId;
const ofKind = (name: string, kind: SpanKind): ReadableSpan[] =>
  exporter.getFinishedSpans().filter((span) => span.name === name && span.kind === kind);

describe.each(['in process over memory', 'gRPC over loopback'])('an append %s', (way) => {
  let opened: Opened;
  let stream = 0;
  beforeAll(async () => {
    opened = await IMPLEMENTATIONS[way]!();
  });
  afterAll(() => opened.close());

  async function newStream(): Promise<string> {
    const name = `events-${stream++}`;
    await inTraceOf([], () => opened.client.create(name, 1));
    return name;
  }

  async function stored(name: string): Promise<StreamRecord[]> {
    const records: StreamRecord[] = [];
    for await (const batch of opened.client.read(name, 0, { offset: 0 })) records.push(...batch.records);
    return records;
  }

  it("by a sampled caller has a span below the caller's, whose context its records carry", async () => {
    const name = await newStream();
    const caller = begin();
    await inSpan(caller, () => opened.client.append(name, 0, [{ value }, { progressTimeMs: 5 }]));
    const [span] = ofKind(`append ${name}`, SpanKind.PRODUCER);
    expect(span!.parentSpanContext?.spanId).toBe(idOf(caller));
    expect(span!.attributes).toEqual({
      'messaging.system.name': 'weir',
      'messaging.operation.name': 'append',
      'messaging.operation.type': 'send',
      'messaging.destination.name': name,
      'messaging.destination.partition.id': '0',
      'messaging.batch.message_count': 2,
    });
    const [data, progress] = await stored(name);
    expect(sampledIn(data!.headers)?.spanId).toBe(idOf(span!));
    expect(progress!.headers).toEqual({});
  });

  it('of records with contexts of their own leaves them as they are', async () => {
    const name = await newStream();
    const callers = [begin(), begin()];
    const records = callers.map((caller) => ({ value, headers: traceHeaders(caller.spanContext()) }));
    await opened.client.append(name, 0, records);
    expect((await stored(name)).map(({ headers }) => sampledIn(headers)?.spanId)).toEqual(callers.map(idOf));
    expect(ofKind(`append ${name}`, SpanKind.PRODUCER)).toEqual([]);
    const calls = ofKind(APPEND, SpanKind.CLIENT);
    if (way !== 'gRPC over loopback') return;
    expect(calls.map((call) => call.parentSpanContext?.spanId)).toEqual([idOf(callers[0]!)]);
    expect(calls[0]!.links.map((link) => link.context.spanId)).toEqual([idOf(callers[1]!)]);
  });

  it('that nobody samples leaves no trace, though it shares its call with others', async () => {
    const name = await newStream();
    await inTraceOf([], () => opened.client.append(name, 0, [{ value }]));
    expect((await stored(name)).map(({ headers }) => headers)).toEqual([{}]);
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it('that shares its call with others links to all of them', async () => {
    const name = await newStream();
    const callers = [begin(), begin(), begin()];
    await Promise.all(
      callers.map((caller) => inSpan(caller, () => opened.client.append(name, 0, [{ value }]))),
    );
    if (way !== 'gRPC over loopback') return;
    const [call, ...more] = ofKind(APPEND, SpanKind.CLIENT);
    expect(more).toEqual([]);
    const spans = ofKind(`append ${name}`, SpanKind.PRODUCER).map(idOf);
    const told = [call!.parentSpanContext?.spanId, ...call!.links.map((link) => link.context.spanId)];
    expect(told.sort()).toEqual(spans.sort());
  });
});
