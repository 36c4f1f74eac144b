// One client's pull stream. Requests are answered one after the other. While an answer is gathered, or more answers
// are on their way than the memory allows a stream, it takes no further request; a client that reads nothing of them
// for the shard's patience is cut off, since others could use the memory.
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { beginMessage, endRpcWith, type Span, traceParentOfBytes, WeirError } from '@weir/proto';
import { ParameterServerService, type PullRequest, PullResponse } from '@weir/proto/v1/parameter_server';
import { accessOf, type CallAccess, cutOff } from '@weir/runtime';
import type { OpenCalls } from '../open-calls.ts';
import type { AnswerMemory } from './answer-memory.ts';
import { answerPull, type EncodedPull, type PullParts } from './pull.ts';

export type PullCall = ServerDuplexStream<PullRequest, Uint8Array>;

export interface PullStreamParts extends PullParts {
  readonly memory: AnswerMemory;
  readonly patienceMs: number;
  latency(seconds: number): void;
}

export function servePullStream(call: PullCall, shard: PullStreamParts, calls: OpenCalls): void {
  const stream = new PullStream(call, shard);
  call.on('data', (request: PullRequest) => stream.take(request));
  call.on('drain', () => stream.goOn());
  call.on('end', () => stream.finish());
  call.on('cancelled', () => stream.close());
  call.on('close', () => stream.close());
  calls.add(call, () => stream.stop());
}

class PullStream {
  readonly #call: PullCall;
  readonly #shard: PullStreamParts;
  readonly #access: CallAccess;
  /** Answers that are not sent yet, in their order. */
  readonly #unsent: EncodedPull[] = [];
  #unsentBytes = 0;
  #answering: Promise<void> | undefined;
  #deaf: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(call: PullCall, shard: PullStreamParts) {
    this.#call = call;
    this.#shard = shard;
    this.#access = accessOf(call);
  }

  take(request: PullRequest): void {
    if (this.#closed) return;
    const begun = performance.now();
    const span = traceOf(request);
    const answer = this.#answer(request, span);
    if (!(answer instanceof Promise)) {
      this.#send(answer, begun, span);
      return;
    }
    this.#call.pause();
    this.#answering = answer.then(
      (gathered) => {
        this.#answering = undefined;
        this.#send(gathered, begun, span);
        this.goOn();
      },
      (error: unknown) => {
        this.#answering = undefined;
        this.#send(this.#refusal(request, error, span), begun, undefined);
        this.goOn();
      },
    );
  }

  /** The client may have read something. */
  goOn(): void {
    if (this.#closed || this.#answering !== undefined || this.#full) return;
    if (this.#call.writableNeedDrain) return;
    clearTimeout(this.#deaf);
    this.#deaf = undefined;
    this.#call.resume();
  }

  async finish(): Promise<void> {
    await this.#answering;
    if (!this.#closed) this.#call.end();
  }

  async stop(): Promise<void> {
    this.#call.removeAllListeners('data');
    await this.#answering;
    if (!this.#closed)
      this.#call.emit('error', new WeirError('UNAVAILABLE', 'the shard is stopping').toStatus());
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#deaf);
    for (const answer of this.#unsent.splice(0)) answer.release();
  }

  get #full(): boolean {
    return this.#unsentBytes > 0 && this.#unsentBytes > this.#shard.memory.allowance;
  }

  #answer(request: PullRequest, span: Span | undefined): EncodedPull | Promise<EncodedPull> {
    try {
      const denied = this.#access.refusal(request);
      if (denied !== undefined) throw denied;
      return answerPull(request, this.#shard, this.#shard.memory);
    } catch (error) {
      return this.#refusal(request, error, span);
    }
  }

  #refusal({ requestId }: PullRequest, error: unknown, span: Span | undefined): EncodedPull {
    const detail = WeirError.from(error);
    if (span !== undefined) endRpcWith(span, 'SERVER', detail);
    if (detail.code === 'INTERNAL') throw error;
    const { epoch } = this.#shard.ownership;
    const response: PullResponse = { requestId, epoch, results: [], error: detail.toDetail() };
    return { message: PullResponse.encode(response).finish(), release() {} };
  }

  #send(answer: EncodedPull, begun: number, span: Span | undefined): void {
    if (span?.isRecording() === true) endRpcWith(span, 'SERVER', undefined);
    if (this.#closed) {
      answer.release();
      return;
    }
    const { message } = answer;
    this.#shard.latency((performance.now() - begun) / 1000);
    this.#unsent.push(answer);
    this.#unsentBytes += message.byteLength;
    const room = this.#call.write(message, () => {
      this.#unsentBytes -= message.byteLength;
      if (this.#unsent.shift() !== undefined) answer.release();
      this.#deaf?.refresh();
      if (this.#call.isPaused()) this.goOn();
    });
    if (room && !this.#full) return;
    this.#call.pause();
    this.#deaf ??= setTimeout(() => this.#cut(), this.#shard.patienceMs).unref();
  }

  #cut(): void {
    this.#shard.counters.cutOff.pull++;
    cutOff(this.#call);
    this.close();
  }
}

function traceOf({ traceParent }: PullRequest): Span | undefined {
  if (traceParent === undefined) return undefined;
  return beginMessage('SERVER', ParameterServerService.pull.path, traceParentOfBytes(traceParent));
}
