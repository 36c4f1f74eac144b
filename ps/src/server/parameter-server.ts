// The gRPC face of a shard: what each method means stands in the part that it calls.
import type { handleUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import {
  Delta,
  ParameterServerService,
  type PullRequest,
  type SubscribeRequest,
} from '@weir/proto/v1/parameter_server';
import type { GrpcServer, Runtime } from '@weir/runtime';
import { CLIENT_PATIENCE_MS, SUBSCRIBERS_MAX } from '../limits.ts';
import type { Instruments } from './instruments.ts';
import { MemoryPool } from './memory-pool.ts';
import { OpenCalls } from './open-calls.ts';
import { answerPull } from './pull.ts';
import { servePullStream } from './pull-stream.ts';
import { UnaryPushes } from './push-once.ts';
import { overloaded } from './push-pipeline.ts';
import { servePushStream } from './push-stream.ts';
import type { Shard } from './shard.ts';
import { subscribe } from './subscribe.ts';

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const AS_BYTES = { responseSerialize: asBuffer, responseDeserialize: (bytes: Buffer): Uint8Array => bytes };

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
  const pool = new MemoryPool();
  const unaryPushes = new UnaryPushes(shard);
  const unary = <Request, Response>(
    answer: (request: Request, peer: string) => Response | Promise<Response>,
  ): handleUnaryCall<Request, Response> => {
    return async (call, callback) => {
      try {
        callback(null, await answer(call.request, call.getPeer()));
      } catch (thrown) {
        const error = WeirError.from(thrown);
        if (error.code === 'INTERNAL') logger.error({ err: thrown, method: call.getPath() }, 'a call failed');
        callback(error.toStatus());
      }
    };
  };
  server.addService(DEFINITION, {
    createTable: unary((request) => shard.tableAdmin.create(request.spec)),
    listTables: unary(() => ({ tables: shard.tableStates() })),
    alterTable: unary((request) => shard.tableAdmin.alter(request.spec)),
    dropTable: unary((request) => shard.tableAdmin.drop(request.uid)),
    getRouting: unary(() => shard.routing),
    describeShard: unary(() => shard.describe()),
    pull: (call) => servePullStream(call, shard, pool, instruments.pullLatency, calls),
    pullOnce: unary(async (request: PullRequest) => {
      const begun = performance.now();
      const { message } = await answerPull(request, shard, pool);
      instruments.pullLatency((performance.now() - begun) / 1000);
      return message;
    }),
    push: (call) => servePushStream(call, shard, calls, patienceMs),
    pushOnce: unary((request, peer) => unaryPushes.push(request, peer)),
    subscribe: (call) => void serveSubscription(call, shard, calls, logger),
  });
  return { stop: () => calls.stopAll() };
}

type SubscribeCall = ServerWritableStream<SubscribeRequest, Delta>;

async function serveSubscription(
  call: SubscribeCall,
  shard: Shard,
  calls: OpenCalls,
  logger: Runtime['log'],
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
    await subscribe(call.request, parts, (delta) => send(call, delta, abort.signal), abort.signal);
    call.emit('error', ending.toStatus());
  } catch (thrown) {
    const error = WeirError.from(thrown);
    if (error.code === 'INTERNAL') logger.error({ err: thrown }, 'a subscription failed');
    call.emit('error', error.toStatus());
  } finally {
    counters.subscribers--;
  }
}

/** Resolves when the subscriber can take more, or is gone. */
function send(call: SubscribeCall, delta: Delta, signal: AbortSignal): Promise<void> {
  if (signal.aborted || call.write(delta)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      call.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    call.on('drain', done);
    signal.addEventListener('abort', done);
  });
}

function serializer<T>(codec: { encode(message: T): { finish(): Uint8Array } }): (message: T) => Buffer {
  return (message) => asBuffer(codec.encode(message).finish());
}
