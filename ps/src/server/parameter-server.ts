// The gRPC face of a shard: what each method means stands in the part that it calls.
import type { EventEmitter } from 'node:events';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import {
  Delta,
  ParameterServerService,
  type PullRequest,
  type SubscribeRequest,
} from '@weir/proto/v1/parameter_server';
import { accessOf, cutOff, type GrpcServer, type Runtime, widenReceiveWindow } from '@weir/runtime';
import { CLIENT_PATIENCE_MS, PUSH_WINDOW_BYTES, STREAMS_MAX, SUBSCRIBERS_MAX } from '../limits.ts';
import { AS_BYTES, asBuffer } from './as-bytes.ts';
import type { Instruments } from './instruments.ts';
import { OpenCalls } from './open-calls.ts';
import { answerPull } from './pull/pull.ts';
import { servePullStream } from './pull/pull-stream.ts';
import { subscribe } from './pull/subscribe.ts';
import { overloaded } from './push/overloaded.ts';
import { UnaryPushes } from './push/push-once.ts';
import { servePushStream } from './push/push-stream.ts';
import type { Shard } from './shard.ts';
import { unaryAnswer } from './unary-answer.ts';

/** The generated definition, but answers to pulls are bytes already, and deltas are not copied a second time. */
const DEFINITION = {
  ...ParameterServerService,
  pull: { ...ParameterServerService.pull, ...AS_BYTES },
  pullOnce: { ...ParameterServerService.pullOnce, ...AS_BYTES },
  subscribe: { ...ParameterServerService.subscribe, responseSerialize: serializer(Delta) },
};

export interface ParameterServer {
  /** Ends streams: what was taken is still settled, then they end with UNAVAILABLE. */
  stop(): void;
}

export function serveShard(
  server: GrpcServer,
  shard: Shard,
  instruments: Instruments,
  logger: Runtime['log'],
  patienceMs = CLIENT_PATIENCE_MS,
): ParameterServer {
  const calls = new OpenCalls();
  const pulls = {
    tables: shard.tables,
    ownership: shard.ownership,
    counters: shard.counters,
    memory: shard.answers,
    patienceMs,
    latency: instruments.pullLatency,
  };
  const unaryPushes = new UnaryPushes(shard);
  const unary = unaryAnswer(logger);
  const admitted = <Call extends EventEmitter>(serve: (call: Call) => void): ((call: Call) => void) => {
    return (call) => {
      if (calls.size < STREAMS_MAX) {
        serve(call);
        return;
      }
      shard.counters.streamsRefused++;
      call.emit('error', overloaded(`the shard serves ${STREAMS_MAX} streams already`).toStatus());
    };
  };
  server.addService(DEFINITION, {
    createTable: unary((request) => shard.tableAdmin.create(request.spec)),
    listTables: unary((_, call) => {
      const access = accessOf(call);
      const tables = shard.tableStates().filter(({ spec }) => access.may('read', 'tables', spec!.name));
      return { tables };
    }),
    alterTable: unary((request) => shard.tableAdmin.alter(request.spec)),
    dropTable: unary((request) => shard.tableAdmin.drop(request.uid)),
    getRouting: unary(() => shard.routing),
    describeShard: unary(() => shard.describe()),
    pull: admitted((call) => servePullStream(call, pulls, calls)),
    pullOnce: unary(async (request: PullRequest, call) => {
      const begun = performance.now();
      const { message, release } = await answerPull(request, pulls, pulls.memory);
      // Emitted at the end of every unary call, whatever it is; and at once here if it has ended.
      if (call.cancelled) release();
      else call.once('cancelled', release);
      instruments.pullLatency((performance.now() - begun) / 1000);
      return message;
    }),
    push: admitted((call) => {
      widenReceiveWindow(call, PUSH_WINDOW_BYTES);
      servePushStream(call, shard, calls, patienceMs);
    }),
    pushOnce: unary((request, call) => unaryPushes.push(request, call.getPeer())),
    lastChanges: unary((request) => shard.lastChanges.find(request)),
    subscribe: admitted((call) => void serveSubscription(call, shard, calls, logger, patienceMs)),
  });
  return { stop: () => calls.stopAll() };
}

type SubscribeCall = ServerWritableStream<SubscribeRequest, Delta>;

async function serveSubscription(
  call: SubscribeCall,
  shard: Shard,
  calls: OpenCalls,
  logger: Runtime['log'],
  patienceMs: number,
): Promise<void> {
  const { counters, tables, incarnations } = shard;
  const abort = new AbortController();
  let ending = new WeirError('CANCELLED', 'the subscriber is gone');
  call.once('cancelled', () => abort.abort());
  calls.add(call, () => {
    ending = new WeirError('UNAVAILABLE', 'the shard is stopping');
    abort.abort();
  });
  counters.subscribers++;
  try {
    if (counters.subscribers > SUBSCRIBERS_MAX) throw overloaded('too many subscriptions');
    const parts = {
      tables,
      counters,
      incarnations,
      shard: shard.id,
      appliedSeq: () => shard.log.appliedSeq,
    };
    const deaf = () => {
      counters.cutOff.subscriber++;
      logger.warn(
        { peer: call.getPeer(), table: call.request.tableUid },
        'a subscriber that does not read is cut off',
      );
      cutOff(call);
      abort.abort();
    };
    const send = (delta: Delta) => sendDelta(call, delta, abort.signal, patienceMs, deaf);
    await subscribe(call.request, parts, send, abort.signal);
    call.emit('error', ending.toStatus());
  } catch (thrown) {
    const error = WeirError.from(thrown);
    if (error.code === 'INTERNAL') logger.error({ err: thrown }, 'a subscription failed');
    call.emit('error', error.toStatus());
  } finally {
    counters.subscribers--;
  }
}

/**
 * Resolves when the delta is on its way and the subscriber can take the next, or is gone. One delta at a time, so that
 * a slow subscriber holds no more than that; what changes meanwhile reaches it coalesced.
 */
function sendDelta(
  call: SubscribeCall,
  delta: Delta,
  signal: AbortSignal,
  patienceMs: number,
  deaf: () => void,
): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(deaf, patienceMs).unref();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done);
    call.write(delta, done);
  });
}

function serializer<T>(codec: { encode(message: T): { finish(): Uint8Array } }): (message: T) => Buffer {
  return (message) => asBuffer(codec.encode(message).finish());
}
