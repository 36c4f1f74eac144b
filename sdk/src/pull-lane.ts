// Pull requests of this client at one shard: many in flight over one stream, answered in any order. A request
// is a read, so a lost stream costs nothing: whatever has no answer is asked again on the next one.
import type { ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import { keyCount, type PullFrame, WeirError } from '@weir/proto';
import {
  type ParameterServerClient,
  ParameterServerService,
  type PullResponse,
  type PullResult,
} from '@weir/proto/v1/parameter_server';
import type { CallScope } from './call-scope.ts';
import { MessageTrace } from './call-trace.ts';
import type { ClientMetrics } from './client-metrics.ts';
import { PULL_BYTES_IN_FLIGHT_MAX, REQUEST_OVERHEAD_BYTES, WAITING_MAX } from './limits.ts';
import type { ShardConnection } from './shard-connection.ts';
import { asBuffer, ShardStream, type StreamUser } from './shard-stream.ts';
import { Slots } from './slots.ts';
import { inTermsOf, type TableRef } from './table-ref.ts';

/** A shard's answer to one request. */
export interface PullAnswer extends PullResult {
  /** The shard's epoch; newer than ours where keys were refused. */
  readonly epoch: number;
}

interface Job {
  readonly table: TableRef;
  readonly frame: PullFrame;
  readonly epoch: number;
  /** Of the rows asked for. */
  readonly rowBytes: number;
  resolve(answer: PullAnswer): void;
  reject(error: WeirError): void;
  /** Of a sampled call. */
  readonly trace: MessageTrace | undefined;
  /** The caller is gone; the answer, should it come, only gives its bytes back. */
  abandoned: boolean;
}

export class PullLane implements StreamUser<Uint8Array, PullResponse> {
  readonly #shard: ShardConnection;
  readonly #metrics: ClientMetrics;
  readonly #stream: ShardStream<Uint8Array, PullResponse>;
  #waiting: Job[] = [];
  /** By request id, which is free again once the answer is there. */
  readonly #inFlight = new Slots<Job>();
  #bytesInFlight = 0;

  constructor(shard: ShardConnection, metrics: ClientMetrics) {
    this.#shard = shard;
    this.#metrics = metrics;
    this.#stream = new ShardStream(shard, this, metrics);
  }

  /**
   * Asks for the rows of keys of one table; the answer may refuse some of them as not owned.
   * @throws WeirError the shard's refusal of the whole request, or the scope's end.
   */
  pull(table: TableRef, frame: PullFrame, epoch: number, scope: CallScope): Promise<PullAnswer> {
    if (this.#waiting.length >= WAITING_MAX) {
      const text = `${scope.what}: ${WAITING_MAX} requests wait for ${this.#shard.name}; await some of them`;
      return Promise.reject(new WeirError('OVERLOADED', text, { table: table.name, shard: this.#shard.id }));
    }
    if (scope.ended) return Promise.reject(scope.error(this.#stream.place));
    const trace =
      scope.trace &&
      MessageTrace.begin(ParameterServerService.pull.path, [scope.trace], this.#shard, keyCount(frame.keys));
    return new Promise((resolve, reject) => {
      const job: Job = {
        trace,
        table,
        frame,
        epoch,
        rowBytes: keyCount(frame.keys) * table.dim * 4,
        resolve: (answer) => {
          off();
          trace?.end();
          resolve(answer);
        },
        reject: (error) => {
          off();
          trace?.end(error);
          reject(error);
        },
        abandoned: false,
      };
      const off = scope.onEnd(() => {
        this.#withdraw(job);
        job.reject(scope.error(this.#stream.place, { table: table.name, shard: this.#shard.id }));
      });
      this.#waiting.push(job);
      this.#stream.wake();
      this.writable();
    });
  }

  restart(): void {
    this.#stream.restart(0);
  }

  close(): void {
    this.refused(new WeirError('CANCELLED', 'the client is closed'));
    this.#stream.close();
  }

  open(client: ParameterServerClient, metadata: Metadata): ClientDuplexStream<Uint8Array, PullResponse> {
    const { path, responseDeserialize } = ParameterServerService.pull;
    return client.makeBidiStreamRequest(path, asBuffer, responseDeserialize, metadata);
  }

  wanted(): boolean {
    this.#recall();
    return this.#waiting.length > 0;
  }

  opened(): void {
    this.#recall();
  }

  writable(): void {
    while (this.#stream.ready) {
      const job = this.#waiting[0];
      if (job === undefined) return;
      if (this.#bytesInFlight > 0 && this.#bytesInFlight + costOf(job) > PULL_BYTES_IN_FLIGHT_MAX) return;
      this.#waiting.shift();
      const requestId = this.#inFlight.add(job);
      this.#bytesInFlight += costOf(job);
      this.#stream.write(job.frame.message(requestId, job.epoch, job.trace?.context));
    }
  }

  received(response: PullResponse): void {
    const job = this.#inFlight.get(response.requestId);
    if (job === undefined) return;
    this.#inFlight.remove(response.requestId);
    this.#bytesInFlight -= costOf(job);
    const result = response.results[0];
    if (response.error !== undefined) {
      job.reject(inTermsOf(WeirError.fromDetail(response.error), [job.table], this.#shard.id));
    } else if (result === undefined || result.values.byteLength !== job.rowBytes) {
      const text = `${this.#shard.name} answered ${result?.values.byteLength ?? 0} bytes of rows instead of ${job.rowBytes}`;
      job.reject(new WeirError('INTERNAL', text, { table: job.table.name, shard: this.#shard.id }));
    } else {
      this.#metrics.pulledRows += keyCount(job.frame.keys);
      this.#metrics.pulledBytes += result.values.byteLength;
      job.resolve({ values: result.values, refused: result.refused, epoch: response.epoch });
    }
    this.writable();
  }

  refused(error: WeirError): void {
    this.#recall();
    for (const job of this.#waiting.splice(0)) job.reject(error);
  }

  /** What a lost stream left unanswered waits again, before what came later. */
  #recall(): void {
    if (this.#inFlight.size === 0) return;
    const unanswered = this.#inFlight.values().filter((job) => !job.abandoned);
    this.#waiting = [...unanswered, ...this.#waiting];
    this.#inFlight.clear();
    this.#bytesInFlight = 0;
  }

  #withdraw(job: Job): void {
    const index = this.#waiting.indexOf(job);
    if (index >= 0) this.#waiting.splice(index, 1);
    else job.abandoned = true;
  }
}

/** What a request holds of PULL_BYTES_IN_FLIGHT_MAX. */
function costOf(job: Job): number {
  return job.rowBytes + REQUEST_OVERHEAD_BYTES;
}
