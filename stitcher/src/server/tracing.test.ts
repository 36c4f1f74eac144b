// A request's trace through the stitcher: from the features' record to the samples', over death, spill and a move.
import { context, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { sampledIn, traceParentText } from '@weir/proto';
import { BehaviourEvent, FeatureRecord } from '@weir/proto/v1/records';
import { openMemoryStore } from '@weir/store';
import { openEmbeddedStreams, STREAMS_FAMILIES } from '@weir/streams';
import { type AppendRecord, END_OF_INPUT_MS, type StreamsClient } from '@weir/streams/client';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodeOpenRequest, encodeOpenRequest, openRequest } from '../core/open-request.ts';
import { TEST_PLAN } from '../testing/arbitrary-streams.ts';
import { AMPLE, Died, live, makeStreams, readAll } from '../testing/partition-harness.ts';
import { behaviourEvent, featureRecord } from '../testing/records.ts';
import { FAMILIES } from './state-keys.ts';

const exporter = new InMemorySpanExporter();
const FEATURES = { traceId: 'a'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 };
const CLICK = { traceId: 'b'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 };
const LABEL = TEST_PLAN.labels[0]!.label;
const OPTIONS = { plan: TEST_PLAN, policy: 'wait', partition: 0, liveBoundMs: undefined } as const;

beforeAll(() => {
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterEach(() => exporter.reset());

const end: AppendRecord = { progressTimeMs: END_OF_INPUT_MS };

/** One request with one click. */
async function streamsWith(headers: {
  readonly features?: Readonly<Record<string, string>>;
  readonly click?: Readonly<Record<string, string>>;
}): Promise<StreamsClient> {
  const client = await openEmbeddedStreams(openMemoryStore({ families: STREAMS_FAMILIES }));
  await makeStreams(client, 1);
  const { features = {}, click = {} } = headers;
  const request = FeatureRecord.encode(featureRecord()).finish();
  const event = BehaviourEvent.encode(behaviourEvent({ type: LABEL, timeMs: 1_000_001 })).finish();
  await client.append('features', 0, [{ value: request, headers: features }, end]);
  await client.append('behaviour', 0, [{ value: event, headers: click }, end]);
  return client;
}

async function samplesOf(client: StreamsClient) {
  const records = await readAll(client, 'samples', 0);
  return records.filter(({ progressTimeMs }) => progressTimeMs === undefined);
}

describe("a traced request's samples", () => {
  it.each([
    ['as it is', { isMember: false, memory: AMPLE, dies: false }],
    ['spilled', { isMember: false, memory: { ...AMPLE, skeletonBytes: 0 }, dies: false }],
    ['after a death', { isMember: false, memory: AMPLE, dies: true }],
    ['moved to another stitcher', { isMember: true, memory: AMPLE, dies: true }],
  ])('are made in its trace and link to the behaviour: %s', async (_, { isMember, memory, dies }) => {
    const client = await streamsWith({
      features: { traceparent: traceParentText(FEATURES) },
      click: { traceparent: traceParentText(CLICK) },
    });
    let store = openMemoryStore({ families: FAMILIES });
    const stepRecords = () => 1;
    if (dies) {
      const fuse = (): void => {
        throw new Died();
      };
      await expect(live(store, client, OPTIONS, { isMember, memory, stepRecords, fuse })).rejects.toThrow(
        Died,
      );
      if (isMember) store = openMemoryStore({ families: FAMILIES });
    }
    await live(store, client, OPTIONS, { epoch: 2, isMember, memory, stepRecords });
    const samples = await samplesOf(client);
    expect(samples.length).toBeGreaterThan(0);
    const stitched = exporter.getFinishedSpans().filter(({ name }) => name === 'stitch');
    for (const { headers } of samples) {
      const made = sampledIn(headers);
      const span = stitched.find((each) => each.spanContext().spanId === made?.spanId)!;
      expect(span.kind).toBe(SpanKind.CONSUMER);
      expect(span.parentSpanContext).toMatchObject(FEATURES);
      expect(made?.traceId).toBe(FEATURES.traceId);
    }
    const linked = stitched.flatMap(({ links }) => links.map((link) => link.context.spanId));
    expect(linked).toContain(CLICK.spanId);
  });

  it('are in the trace of the behaviour when only that is sampled', async () => {
    const client = await streamsWith({ click: { traceparent: traceParentText(CLICK) } });
    await live(openMemoryStore({ families: FAMILIES }), client, OPTIONS);
    const traced = (await samplesOf(client)).flatMap(({ headers }) => sampledIn(headers) ?? []);
    expect(traced.map(({ traceId }) => traceId)).toEqual([CLICK.traceId]);
  });
});

describe('what is not sampled', () => {
  it('gets no header, makes no span, and is stored as without tracing', async () => {
    const unsampled = traceParentText({ ...FEATURES, traceFlags: 0 });
    const client = await streamsWith({ features: { traceparent: unsampled } });
    await live(openMemoryStore({ families: FAMILIES }), client, OPTIONS);
    for (const { headers } of await samplesOf(client)) expect(headers).toEqual({});
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it('takes no byte in the state of a request', () => {
    const opened = {
      servingId: 's',
      timeMs: 1,
      arrivalWatermarkMs: 0,
      contentHash: 7,
      docIds: ['d'],
      template: new Uint8Array(3),
    };
    const plain = encodeOpenRequest(openRequest(opened));
    expect(encodeOpenRequest(openRequest({ ...opened, trace: undefined }))).toEqual(plain);
    expect(decodeOpenRequest(1, 's', plain)).not.toHaveProperty('trace');
    const traced = encodeOpenRequest(openRequest({ ...opened, trace: 'x' }));
    expect(decodeOpenRequest(1, 's', traced).trace).toBe('x');
  });
});
