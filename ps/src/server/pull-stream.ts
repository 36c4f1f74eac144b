// One client's pull stream. Requests are answered one after the other. Until a large answer is gathered and on its
// way, or while the client does not read, the stream takes no further request: it holds at most one large answer
// and as many small ones (PULL_SLICE_VALUES each) as the stream's buffer takes.
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import { type PullRequest, PullResponse } from '@weir/proto/v1/parameter_server';
import type { MemoryPool } from './memory-pool.ts';
import type { OpenCalls } from './open-calls.ts';
import { answerPull, type EncodedPull, type PullParts } from './pull.ts';

export type PullCall = ServerDuplexStream<PullRequest, Uint8Array>;

export function servePullStream(
  call: PullCall,
  shard: PullParts,
  pool: MemoryPool,
  latency: (seconds: number) => void,
  calls: OpenCalls,
): void {
  let answering: Promise<void> | undefined;
  let closed = false;
  const send = ({ message, release }: EncodedPull, begun: number, sent?: () => void): void => {
    if (closed) return;
    latency((performance.now() - begun) / 1000);
    const done = () => {
      release();
      sent?.();
    };
    if (!call.write(message, done)) call.pause();
  };
  const refuse = ({ requestId }: PullRequest, error: unknown): EncodedPull => {
    const detail = WeirError.from(error);
    if (detail.code === 'INTERNAL') throw error;
    const { epoch } = shard.ownership;
    const response: PullResponse = { requestId, epoch, results: [], error: detail.toDetail() };
    return { message: PullResponse.encode(response).finish(), release() {} };
  };
  const answer = (request: PullRequest): EncodedPull | Promise<EncodedPull> => {
    try {
      return answerPull(request, shard, pool);
    } catch (error) {
      return refuse(request, error);
    }
  };
  call.on('data', (request: PullRequest) => {
    const begun = performance.now();
    const response = answer(request);
    if (!(response instanceof Promise)) {
      send(response, begun);
      return;
    }
    call.pause();
    answering = response.then(
      (gathered) =>
        new Promise((resolve) => {
          send(gathered, begun, () => {
            answering = undefined;
            call.resume();
            resolve();
          });
        }),
    );
  });
  call.on('drain', () => {
    if (answering === undefined) call.resume();
  });
  call.on('end', async () => {
    await answering;
    if (!closed) call.end();
  });
  const close = () => {
    closed = true;
  };
  calls.add(call, async () => {
    call.removeAllListeners('data');
    await answering;
    if (!closed) call.emit('error', new WeirError('UNAVAILABLE', 'the shard is stopping').toStatus());
  });
  call.on('cancelled', close);
  call.on('close', close);
}
