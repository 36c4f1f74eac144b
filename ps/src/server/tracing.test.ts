// What a client and the shards record of pulls, pushes and deltas, over gRPC.
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
import { beginSpan, inSpan, inTraceOf, SPAN_ATTRIBUTES, type Span } from '@weir/proto';

import { freePorts } from '@weir/runtime';
import { connect, type Table, type TableDelta, type Weir } from '@weir/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestShard, type TestShard } from '../testing/in-process.ts';

const exporter = new InMemorySpanExporter();
const PULL = 'weir.v1.ParameterServer/Pull';
const PUSH = 'weir.v1.ParameterServer/Push';
const KEYS = BigUint64Array.from({ length: 64 }, (_, i) => BigInt(i + 1));

let shards: TestShard[];
let weir: Weir;
let table: Table;

beforeAll(async () => {
  trace.setGlobalTracerProvider(
    new TracerProvider({
      sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    }),
  );
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const addresses = (await freePorts(2)).map((port) => `127.0.0.1:${port}`);
  const topology = {
    epoch: 1,
    shards: addresses.map((address, i) => ({ id: `shard-${i}`, address })),
  };
  shards = await Promise.all(
    topology.shards.map(({ id, address }) => startTestShard({ id, topology, listen: address })),
  );
  weir = await connect({ seeds: addresses, clientId: 'a-client', lingerMs: 0 });
  await weir.tables.create({
    name: 'rows',
    dim: 1,
    optimizer: { kind: 'sum' },
    initializer: { kind: 'zero' },
  });
  table = await weir.table('rows');
  exporter.reset();
});
afterAll(async () => {
  await weir.close();
  for (const shard of shards) await shard.stop();
});
afterEach(() => exporter.reset());

const values = (of = 1): Float32Array => new Float32Array(KEYS.length).fill(of);
const begin = (name: string): Span => beginSpan(name, context.active(), { kind: 'INTERNAL' });
const named = (name: string, kind?: SpanKind): ReadableSpan[] =>
  exporter.getFinishedSpans().filter((span) => span.name === name && (kind ?? span.kind) === span.kind);
const idOf = (span: ReadableSpan | Span): string => span.spanContext().spanId;
const parentOf = (span: ReadableSpan): string | undefined => span.parentSpanContext?.spanId;
const linksOf = (span: ReadableSpan): string[] => span.links.map((link) => link.context.spanId);

describe('a traced call', () => {
  it('that pulls has a span, one for its message to each shard, and one on the shard', async () => {
    const caller = begin('caller');
    await inSpan(caller, () => table.pull(KEYS));
    const [pull] = named('pull');
    expect(parentOf(pull!)).toBe(idOf(caller));
    expect(pull!.attributes).toEqual({ 'weir.tables': 'default/rows', 'weir.rows': KEYS.length });
    const messages = named(PULL, SpanKind.CLIENT);
    expect(messages.map(({ attributes }) => attributes['weir.shard']).sort()).toEqual(['shard-0', 'shard-1']);
    for (const message of messages) {
      expect(parentOf(message)).toBe(idOf(pull!));
      expect(message.attributes).toMatchObject({
        'rpc.system.name': 'grpc',
        'rpc.method': PULL,
        'rpc.status_code': 'OK',
        'server.address': '127.0.0.1',
      });
    }
    const served = named(PULL, SpanKind.SERVER);
    expect(served.map(parentOf).sort()).toEqual(messages.map(idOf).sort());
    expect(new Set(exporter.getFinishedSpans().map((span) => span.spanContext().traceId)).size).toBe(1);
  });

  it('that pushes is followed into the log and the rows of each shard', async () => {
    await table.push(KEYS, values());
    const [push] = named('push');
    expect(parentOf(push!)).toBeUndefined();
    const served = named(PUSH, SpanKind.SERVER);
    expect(served).toHaveLength(2);
    for (const span of served) {
      const message = named(PUSH, SpanKind.CLIENT).find((candidate) => idOf(candidate) === parentOf(span))!;
      expect(parentOf(message)).toBe(idOf(push!));
      const below = exporter.getFinishedSpans().filter((candidate) => parentOf(candidate) === idOf(span));
      expect(below.map(({ name }) => name).sort()).toEqual(['apply', 'log write']);
      const apply = below.find(({ name }) => name === 'apply')!;
      expect(apply.attributes['weir.seq']).toBeGreaterThan(0);
    }
  });

  it('that fails says so once on each side, and not on the spans around it', async () => {
    const caller = begin('caller');
    const bad = values(Number.NaN);
    await expect(inSpan(caller, () => table.push(KEYS, bad))).rejects.toMatchObject({ code: 'NOT_FINITE' });
    const messages = named(PUSH, SpanKind.CLIENT);
    for (const message of messages) {
      expect(message.status).toEqual({ code: SpanStatusCode.ERROR });
      expect(message.attributes).toMatchObject({
        'rpc.status_code': 'INVALID_ARGUMENT',
        'error.type': 'NOT_FINITE',
      });
    }
    expect(named('push')[0]!.status.code).toBe(SpanStatusCode.UNSET);
    for (const span of named(PUSH, SpanKind.SERVER)) {
      expect(span.attributes['rpc.status_code']).toBe('INVALID_ARGUMENT');
      expect(span.status.code).toBe(SpanStatusCode.UNSET);
    }
    expect(exporter.getFinishedSpans().flatMap(({ events }) => events)).toEqual([]);
  });

  it('that was given up before it began has none', async () => {
    const ended = AbortSignal.abort();
    const pushing = table.push(KEYS, values(), { signal: ended });
    await expect(pushing).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it('that shares a message, or a write, with others is linked from it', async () => {
    const seeds = shards.map(({ address }) => address);
    await using patient = await connect({ seeds, clientId: 'a-client', lingerMs: 20 });
    const table = await patient.table('rows');
    exporter.reset();
    const one = BigUint64Array.of(KEYS[0]!);
    const callers = Array.from({ length: 4 }, () => begin('caller'));
    await Promise.all(callers.map((caller) => inSpan(caller, () => table.push(one, Float32Array.of(1)))));
    const pushes = named('push').map(idOf);
    const messages = named(PUSH, SpanKind.CLIENT);
    expect(messages.length).toBeLessThan(4);
    const told = messages.flatMap((message) => [parentOf(message), ...linksOf(message)]);
    expect(told.sort()).toEqual(pushes.sort());
    const writes = named('log write').flatMap((write) => [parentOf(write), ...linksOf(write)]);
    expect(writes.sort()).toEqual(named(PUSH, SpanKind.SERVER).map(idOf).sort());
  });
});

describe('a delta', () => {
  it('names what sampled pushes changed, under a span of their trace', async () => {
    const end = new AbortController();
    const deltas = table.subscribe({ signal: end.signal, intervalMs: 1 });
    const seen: TableDelta[] = [];
    const reading = (async () => {
      for await (const delta of deltas) seen.push(delta);
    })();
    await expect.poll(() => seen.filter(({ upTo }) => upTo !== undefined).length).toBeGreaterThanOrEqual(2);
    const caller = begin('caller');
    await inTraceOf([], () => table.push(KEYS, values()));
    await inSpan(caller, () => table.push(KEYS.subarray(0, 2), values().subarray(0, 2)));
    const traced = (): TableDelta['traced'][number][] => seen.flatMap((delta) => delta.traced);
    const keysTraced = (): number => traced().reduce((sum, { packedKeys }) => sum + packedKeys.length / 2, 0);
    await expect.poll(keysTraced).toBe(2);
    end.abort();
    await reading;
    const sent = named('delta', SpanKind.PRODUCER);
    expect(
      traced()
        .map(({ context: { spanId } }) => spanId)
        .sort(),
    ).toEqual(sent.map(idOf).sort());
    const pushes = named(PUSH, SpanKind.SERVER).map(idOf);
    for (const span of sent) {
      expect(pushes).toContain(parentOf(span));
      expect(span.spanContext().traceId).toBe(caller.spanContext().traceId);
    }
  });
});

describe('what is not sampled', () => {
  it('makes no span anywhere', async () => {
    await inTraceOf([], async () => {
      await table.push(KEYS, values());
      await table.pull(KEYS);
    });
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});

it('no attribute is outside the closed set, and none holds a key or the name of a client', async () => {
  const secret = 0x7a3b_19c4_55d1_0e2fn;
  await table.push(BigUint64Array.of(secret), Float32Array.of(1));
  await table.pull(BigUint64Array.of(secret));
  const spans = exporter.getFinishedSpans();
  expect(spans.length).toBeGreaterThan(4);
  for (const { attributes } of spans) {
    for (const [name, value] of Object.entries(attributes)) {
      expect(SPAN_ATTRIBUTES).toContain(name);
      expect(String(value)).not.toContain(String(secret));
      expect(String(value)).not.toContain('a-client');
    }
  }
});
