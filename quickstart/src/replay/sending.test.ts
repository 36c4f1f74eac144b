// Ranker and event sender against a real gRPC server whose answers the test chooses.
import { WeirError } from '@weir/proto';
import { IngestService } from '@weir/proto/v1/ingest';
import { PredictorService } from '@weir/proto/v1/predictor';
import { createGrpcServer, type GrpcServer } from '@weir/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventRecord, RequestRecord } from '../formats/record.ts';
import { RANKS_IN_FLIGHT } from '../limits.ts';
import { EventSender } from './event-sender.ts';
import { OpenRecords } from './open-records.ts';
import { createRanker } from './ranker.ts';

type Answer = 'ok' | WeirError;

/** Fits both services; nothing of it is looked at. */
const ANSWER = {
  servingId: '',
  scores: [],
  order: new Uint8Array(),
  experimentBuckets: {},
  canaryToken: 0,
  accepted: 0,
  duplicates: 0,
  rejections: [],
};

let server: GrpcServer;
let address = '';
let ranked: string[] = [];
let put: string[][] = [];
/** What the next calls are answered with; then `ok`. */
let answers: Answer[] = [];
/** Calls wait for it. */
let gate: Promise<void> = Promise.resolve();
const running = new AbortController();

beforeEach(async () => {
  ranked = [];
  put = [];
  answers = [];
  gate = Promise.resolve();
  server = serve();
  address = await server.bind('127.0.0.1:0');
});
afterEach(() => server.stop(1_000));

function serve(): GrpcServer {
  const created = createGrpcServer();
  const answer = async (done: (error: WeirError | null) => void): Promise<void> => {
    await gate;
    const next = answers.shift() ?? 'ok';
    done(next === 'ok' ? null : next);
  };
  created.addService(PredictorService, {
    rank: (call, callback) => {
      ranked.push(call.request.servingId);
      void answer((error) => (error === null ? callback(null, ANSWER) : callback(error.toStatus())));
    },
  });
  created.addService(IngestService, {
    putFeatures: (_call, callback) => callback(null, ANSWER),
    putEvents: (call, callback) => {
      put.push(call.request.events.map(({ eventId }) => eventId));
      void answer((error) => (error === null ? callback(null, ANSWER) : callback(error.toStatus())));
    },
  });
  return created;
}

const request = (servingId: string): RequestRecord => ({
  kind: 'request',
  timeMs: 1,
  servingId,
  user: '',
  scene: '',
  docIds: ['a'],
  features: new Uint8Array(),
});

const event = (eventId: string): EventRecord => ({
  kind: 'event',
  timeMs: 1,
  eventId,
  type: 'click',
  servingId: 'r',
  user: '',
  docId: 'a',
  value: 1,
});

describe('ranker', () => {
  it('repeats a request under the same id until it is answered', async () => {
    answers = [
      new WeirError('UNAVAILABLE', 'starting'),
      new WeirError('OVERLOADED', 'full', { retryAfterMs: 1 }),
    ];
    const ranker = createRanker(address, running.signal);
    expect(await ranker.rank(request('r1'))).toMatchObject({ scores: [] });
    expect(ranked).toEqual(['r1', 'r1', 'r1']);
    ranker.close();
  });

  it('gives up on a defect of the predictor, but not on a connection that breaks', async () => {
    answers = [new WeirError('INTERNAL', 'a bug')];
    const ranker = createRanker(address, running.signal);
    await expect(ranker.rank(request('r1'))).rejects.toMatchObject({ code: 'INTERNAL', message: 'a bug' });
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const answer = ranker.rank(request('r2'));
    await expect.poll(() => ranked).toEqual(['r1', 'r2']);
    await server.stop(0);
    gate = Promise.resolve();
    server = serve();
    await server.bind(address);
    expect(await answer).toMatchObject({ scores: [] });
    expect(ranked).toEqual(['r1', 'r2', 'r2']);
    resolve();
    ranker.close();
  });

  it('returns what the predictor refuses, and throws what no repetition mends', async () => {
    answers = [
      new WeirError('INVALID_ARGUMENT', 'bad features'),
      new WeirError('SCHEMA_MISMATCH', 'other schema'),
    ];
    const ranker = createRanker(address, running.signal);
    expect(await ranker.rank(request('r1'))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(ranker.rank(request('r2'))).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
    expect(ranked).toEqual(['r1', 'r2']);
    ranker.close();
  });

  it('has no more than its bound in flight', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const ranker = createRanker(address, running.signal);
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < RANKS_IN_FLIGHT; i++) {
      await ranker.ready(`r${i}`);
      calls.push(ranker.rank(request(`r${i}`)));
    }
    let free = false;
    const next = ranker.ready('another').then(() => {
      free = true;
    });
    await new Promise((done) => setImmediate(done));
    expect(free).toBe(false);
    resolve();
    await Promise.all([...calls, next]);
    expect(free).toBe(true);
    ranker.close();
  });

  it('never has two of one serving id in flight, so that the first in the input is the first logged', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const ranker = createRanker(address, running.signal);
    await ranker.ready('r1');
    const first = ranker.rank(request('r1'));
    await ranker.ready('r2');
    let free = false;
    const again = ranker.ready('r1').then(() => {
      free = true;
    });
    await new Promise((done) => setImmediate(done));
    expect(free).toBe(false);
    resolve();
    await Promise.all([first, again]);
    expect(free).toBe(true);
    ranker.close();
  });
});

describe('event sender', () => {
  it('sends events in order, those that waited together in one call, and repeats a call that failed', async () => {
    const failures: unknown[] = [];
    const sender = new EventSender(address, running.signal, (error) => failures.push(error));
    const open = new OpenRecords();
    open.read(1);
    answers = [new WeirError('UNAVAILABLE', 'starting')];
    for (const id of ['e1', 'e2', 'e3']) sender.send(event(id), open.send(1));
    open.read(2);
    expect(open.acknowledgedMs).toBe(1);
    await expect.poll(() => open.acknowledgedMs).toBe(2);
    expect(put).toEqual([
      ['e1', 'e2', 'e3'],
      ['e1', 'e2', 'e3'],
    ]);
    expect(failures).toEqual([]);
    sender.close();
  });

  it('tells of an error that no repetition mends', async () => {
    const failures: unknown[] = [];
    const sender = new EventSender(address, running.signal, (error) => failures.push(error));
    answers = [new WeirError('UNAUTHENTICATED', 'who are you')];
    sender.send(event('e1'), new OpenRecords().send(1));
    await expect.poll(() => failures).toEqual([expect.objectContaining({ code: 'UNAUTHENTICATED' })]);
    sender.close();
  });
});
