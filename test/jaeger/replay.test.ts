// A replay with every trace sampled, as a real Jaeger has it: one request on its way through all processes.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { categoricalKey, numericKey } from '@weir/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runWeir } from '../e2e/run-weir.ts';
import { Jaeger } from '../tools/jaeger.ts';
import type { JaegerSpan } from '../tools/jaeger-api.ts';
import { type FollowedRequest, followedRequests, isAppended, stagesSeen } from './followed-request.ts';
import { Spans } from './spans.ts';
import { replayOf, type ShopTraffic, shopTraffic } from './traffic.ts';

const SEED = 6;
const SHARDS = 3;
const SERVICES = ['replay', 'predictor', 'collector', 'streams', 'stitcher', 'trainer', 'ps'];

let jaeger: Jaeger;
let traffic: ShopTraffic;
let spans: Spans;
let followed: readonly FollowedRequest[];

beforeAll(async () => {
  jaeger = await Jaeger.start();
  traffic = shopTraffic({ seed: SEED, requests: 120 });
  const folder = await mkdtemp(join(tmpdir(), 'weir-traces-'));
  try {
    const input = join(folder, 'traffic.ndjson');
    await writeFile(input, traffic.lines.join('\n'));
    const argv = replayOf(input, jaeger.otlp);
    const { code, stderr } = await runWeir(argv, { OTEL_TRACES_SAMPLER: 'parentbased_always_on' });
    expect({ code, stderr }).toMatchObject({ code: 0 });
  } finally {
    await rm(folder, { recursive: true });
  }
  spans = await Spans.read(jaeger.api);
  followed = followedRequests(spans, SHARDS);
});

afterAll(() => jaeger?.[Symbol.asyncDispose]());

const pidOf = ({ resource }: JaegerSpan) => resource['process.pid'];

describe('who sends', () => {
  it('every process under the name of its service, with its number, instance and version', () => {
    expect(new Set(spans.all.map(({ service }) => service))).toEqual(
      new Set(SERVICES.map((name) => `weir-${name}`)),
    );
    // One of each, and the shards.
    expect(new Set(spans.all.map(pidOf)).size).toBe(SERVICES.length - 1 + SHARDS);
    const instances = (service: string) =>
      new Set(
        spans.all
          .filter((span) => span.service === service)
          .map(({ resource }) => resource['service.instance.id']),
      );
    expect(instances('weir-ps')).toEqual(new Set(['shard-0', 'shard-1', 'shard-2']));
    expect(instances('weir-trainer')).toEqual(new Set(['trainer-0']));
    for (const { resource } of spans.all) {
      expect(resource).toMatchObject({
        'service.namespace': 'weir',
        'service.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
        'host.name': expect.any(String),
        'process.pid': expect.any(Number),
      });
    }
  });
});

describe('a request', () => {
  it('is followed in one trace from Rank to the weights on every shard, and to the next Rank that used them', () => {
    expect(followed.length, JSON.stringify(stagesSeen(spans), undefined, 1)).toBeGreaterThan(0);
    for (const request of followed) {
      const { rank, featureLog, stitch, train, push, shardPushes, applied, delta, deltaApplied, nextRank } =
        request;
      const way = [rank, featureLog, stitch, train, push, ...shardPushes, ...applied, delta, deltaApplied];
      expect(new Set(way.map(({ traceId }) => traceId))).toEqual(new Set([rank.traceId]));
      expect(new Set(shardPushes.map(pidOf)).size).toBe(SHARDS);
      expect(applied.length).toBe(shardPushes.length);
      expect(nextRank.traceId).not.toBe(rank.traceId);
      // The caller's span begins the trace.
      const caller = spans.get(rank.parent!);
      expect(caller).toMatchObject({ service: 'weir-replay', kind: 'client', parent: undefined });
    }
  });

  it('went through the streams where it went from one process to another', () => {
    for (const { featureLog, stitch } of followed) {
      expect(isAppended(spans, featureLog)).toBe(true);
      expect(isAppended(spans, stitch)).toBe(true);
    }
  });

  it('is joined by links with the click it was stitched with, and the requests of its window', () => {
    const clicks = followed.flatMap(({ stitch }) => stitch.links.map((link) => spans.get(link)?.name));
    expect(new Set(clicks)).toEqual(new Set(['append behaviour']));
    const others = followed.flatMap(({ train }) => train.links.map((link) => spans.get(link)?.name));
    expect(new Set(others)).toEqual(new Set(['stitch']));
  });

  it('ends before its consequences begin', () => {
    for (const { rank, stitch, train, delta, deltaApplied } of followed) {
      const begins = [rank, stitch, train, delta, deltaApplied].map(({ startUs }) => startUs);
      expect(begins).toEqual(begins.toSorted((a, b) => a - b));
    }
  });
});

describe('every span', () => {
  it('has a parent, and links, that are there too', () => {
    const missing = spans.all.flatMap(({ name, service, parent, links }) =>
      [...(parent === undefined ? [] : [parent]), ...links]
        .filter((ref) => spans.get(ref) === undefined)
        .map(() => `${service}: ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it('of a call has the attributes of the conventions for gRPC, and its peer', () => {
    const calls = spans.all.filter(({ name }) => name.startsWith('weir.v1.'));
    expect(calls.length).toBeGreaterThan(0);
    for (const { name, kind, attributes } of calls) {
      expect(attributes).toMatchObject({
        'rpc.system.name': 'grpc',
        'rpc.method': name,
        'rpc.status_code': expect.stringMatching(/^[A-Z_]+$/),
      });
      expect(['client', 'server']).toContain(kind);
      if (kind === 'client') {
        expect(attributes).toMatchObject({
          'server.address': '127.0.0.1',
          'server.port': expect.any(Number),
        });
      }
    }
    const served = calls.filter(({ kind, parent }) => kind === 'server' && parent !== undefined);
    for (const call of served) {
      const caller = spans.get(call.parent!);
      expect(caller).toMatchObject({ name: call.name, kind: 'client' });
      expect(pidOf(caller!)).not.toBe(pidOf(call));
    }
  });

  it('of a producer or consumer has those of the conventions for messaging', () => {
    const messages = spans.all.filter(({ kind }) => kind === 'producer' || kind === 'consumer');
    expect(messages.length).toBeGreaterThan(0);
    for (const { attributes, kind } of messages) {
      expect(attributes).toMatchObject({
        'messaging.system.name': 'weir',
        'messaging.operation.name': expect.any(String),
        'messaging.operation.type': kind === 'producer' ? 'send' : 'process',
        'messaging.destination.name': expect.any(String),
      });
    }
  });

  it('names no user, document, request, event or key in anything', () => {
    const keys = [...traffic.ids].flatMap((id) => [categoricalKey('item', id), categoricalKey('user', id)]);
    const secrets = [
      ...traffic.ids,
      ...[...keys, numericKey('price')].flatMap((key) => [
        key.toString(),
        key.toString(16).padStart(16, '0'),
      ]),
    ];
    const texts = spans.all.map(({ name, attributes, events, resource }) =>
      JSON.stringify([name, attributes, events, resource]),
    );
    const found = secrets.filter((secret) => texts.some((text) => text.includes(secret)));
    expect(found).toEqual([]);
  });

  it('has no event but that a message was sent again: exceptions name what a span may not hold', () => {
    const events = spans.all.flatMap((span) => span.events);
    expect(events.filter((event) => JSON.stringify(event) !== '{"event":"sent again"}')).toEqual([]);
  });
});
