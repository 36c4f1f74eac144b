// Calls that fail, as a real Jaeger has them: each error is marked on the span where it happened, and on no other.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { encodeFeatureBlock, tracedCalls } from '@weir/proto';
import { PredictorClient, type RankResponse } from '@weir/proto/v1/predictor';
import { type Cluster, startCluster } from '@weir/ps/testing';
import { type ServiceProcess, spawnService, startTelemetry, type Telemetry } from '@weir/runtime';
import { connect, type Weir } from '@weir/sdk';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MAIN, runWeir } from '../e2e/run-weir.ts';
import { Jaeger } from '../tools/jaeger.ts';
import type { JaegerSpan } from '../tools/jaeger-api.ts';
import { Spans } from './spans.ts';

const TABLE = { name: 'doc', dim: 4, optimizer: { kind: 'sgd', learningRate: 0.1 } } as const;
const RANK_DEADLINE_MS = 500;

let jaeger: Jaeger;
let telemetry: Telemetry;
let folder: string;
let cluster: Cluster;
let streams: ServiceProcess;
let predictor: ServiceProcess;
let weir: Weir;
let codes: Readonly<Record<'local' | 'refused' | 'late', string | number | undefined>>;
let verbs: readonly (number | null)[];
let spans: Spans;

beforeAll(async () => {
  jaeger = await Jaeger.start();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', jaeger.otlp);
  vi.stubEnv('OTEL_TRACES_SAMPLER', 'parentbased_always_on');
  folder = await mkdtemp(join(tmpdir(), 'weir-errors-'));
  telemetry = await startTelemetry({
    service: 'weir-test',
    instance: undefined,
    endpoint: undefined,
    env: process.env,
    says: { info: () => {}, warn: (message) => void process.stderr.write(`${message}\n`) },
  });
  const start = (name: string, ...flags: string[]) =>
    spawnService({ command: [MAIN, name, ...flags], name, logFile: join(folder, `${name}.log`) });
  [cluster, streams] = await Promise.all([
    startCluster({ shards: 1 }),
    start('streams', '--data', join(folder, 'streams')),
  ]);
  predictor = await start(
    'predictor',
    ...['--streams', streams.listen, '--seeds', cluster.seeds.join(',')],
    ...['--model', 'lr', '--feature-log', 'before_answer'],
  );
  weir = await connect({ seeds: cluster.seeds, clientId: 'errors' });
  codes = { local: await wrongDimension(), refused: await notFinite(), late: await pastItsDeadline() };
  verbs = await Promise.all([verb('table', 'list'), verb('table', 'describe', 'nowhere')]);
  await weir.close();
  await predictor.stop();
  await Promise.all([streams.stop(), cluster.stop()]);
  await telemetry.stop(5_000);
  spans = await Spans.read(jaeger.api);
});

afterAll(async () => {
  await weir?.close();
  await Promise.all([predictor?.stop(), streams?.stop(), cluster?.stop()]);
  await jaeger?.[Symbol.asyncDispose]();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

async function verb(...argv: readonly string[]): Promise<number | null> {
  return (await runWeir([...argv, '--seeds', cluster.seeds.join(','), '--json'])).code;
}

async function wrongDimension(): Promise<string | undefined> {
  await weir.tables.create({ ...TABLE, initializer: { kind: 'zero' } });
  const table = await weir.table(TABLE.name);
  return await codeOf(table.push(BigUint64Array.of(7n), new Float32Array(3)));
}

async function notFinite(): Promise<string | undefined> {
  const table = await weir.table(TABLE.name);
  return await codeOf(table.push(BigUint64Array.of(7n), new Float32Array(4).fill(Number.NaN)));
}

async function codeOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

/** It answers only once its record is appended, and the streams are held up until it is too late. */
async function pastItsDeadline(): Promise<number | undefined> {
  const { listen } = predictor;
  const client = new PredictorClient(listen, credentials.createInsecure(), {
    interceptors: [tracedCalls(listen)],
  });
  process.kill(streams.pid, 'SIGSTOP');
  try {
    await new Promise<RankResponse>((resolve, reject) => {
      client.rank(
        {
          servingId: 'serving-1',
          timeMs: Date.now(),
          user: 'visitor-1',
          scene: 'shop',
          docIds: ['article-1'],
          features: encodeFeatureBlock({ docs: [{ id: 'article-1', features: { item: 'article-1' } }] }),
        },
        new Metadata(),
        { deadline: Date.now() + RANK_DEADLINE_MS },
        (error: ServiceError | null, answer) => (error === null ? resolve(answer) : reject(error)),
      );
    });
    return undefined;
  } catch (error) {
    return (error as ServiceError).code;
  } finally {
    process.kill(streams.pid, 'SIGCONT');
    client.close();
  }
}

/** Those that failed, in traces that began here. */
function failed(): JaegerSpan[] {
  const traces = new Set(
    spans.all
      .filter(({ service, parent }) => service === 'weir-test' && parent === undefined)
      .map(({ traceId }) => traceId),
  );
  return spans.all.filter(({ traceId, hasError }) => hasError && traces.has(traceId));
}

const ofType = (type: string) => failed().filter(({ attributes }) => attributes['error.type'] === type);

describe('an error', () => {
  it('is the one that the caller was told', () => {
    expect(codes).toEqual({ local: 'DIMENSION_MISMATCH', refused: 'NOT_FINITE', late: 4 });
  });

  it('of a push that a shard refuses is marked once, on the call to that shard', () => {
    const marked = ofType('NOT_FINITE');
    expect(marked).toEqual([
      expect.objectContaining({ name: 'weir.v1.ParameterServer/Push', kind: 'client' }),
    ]);
    const served = spans.children(marked[0]!, { name: marked[0]!.name, kind: 'server', service: 'weir-ps' });
    expect(served).toEqual([expect.objectContaining({ hasError: false })]);
  });

  it('of a push of the wrong dimension, which is never sent, is marked at most where it was made', () => {
    const kinds = ofType('DIMENSION_MISMATCH').map(({ name, kind }) => `${kind} ${name}`);
    expect(['', 'internal push']).toContain(kinds.join());
  });

  it('of a Rank past its deadline is marked once, on the call', () => {
    const late = failed().filter(({ name }) => name === 'weir.v1.Predictor/Rank');
    expect(late).toEqual([
      expect.objectContaining({
        service: 'weir-test',
        kind: 'client',
        attributes: expect.objectContaining({
          'rpc.status_code': 'DEADLINE_EXCEEDED',
          'error.type': 'DEADLINE_EXCEEDED',
        }),
      }),
    ]);
  });

  it('leaves everything else of the run unmarked', () => {
    const expected = ['DEADLINE_EXCEEDED', 'DIMENSION_MISMATCH', 'NOT_FINITE'];
    const others = failed().filter(({ attributes }) => !expected.includes(String(attributes['error.type'])));
    expect(others).toEqual([]);
  });
});

describe("an operator's verb", () => {
  const roots = () =>
    spans.all.filter(({ service, parent }) => service === 'weir-cli' && parent === undefined);

  it('is the root of its calls, and has sent them when it ends', () => {
    const [list] = roots().filter(({ name }) => name === 'weir table list');
    const calls = spans.children(list!, { name: 'weir.v1.ParameterServer/ListTables', kind: 'client' });
    expect(calls.length).toBeGreaterThan(0);
    expect(list).toMatchObject({ kind: 'internal', hasError: false });
  });

  it('that fails says why', () => {
    expect(verbs).toEqual([0, 1]);
    const [describe] = roots().filter(({ name }) => name === 'weir table describe');
    expect(describe).toMatchObject({ hasError: true, attributes: { 'error.type': 'TABLE_NOT_FOUND' } });
  });
});
