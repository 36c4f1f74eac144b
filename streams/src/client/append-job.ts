// One append of a caller on its way: it ends when its call has an answer, its deadline passes, or its signal aborts,
// whichever is first.
import { type SpanContext, WeirError } from '@weir/proto';
import type { AppendOptions, AppendResult } from '../streams-client.ts';

export class AppendJob {
  readonly records: readonly Uint8Array[];
  readonly bytes: number;
  readonly producer: AppendOptions['producer'];
  /** Sampled spans that it is for. */
  readonly callers: readonly SpanContext[];
  /** By `performance.now()`. */
  readonly deadlineMs: number;
  readonly result: Promise<AppendResult>;
  readonly #what: string;
  readonly #signal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  #settle: PromiseWithResolvers<AppendResult> | undefined;

  constructor(
    what: string,
    records: readonly Uint8Array[],
    bytes: number,
    timeoutMs: number,
    options: AppendOptions,
    callers: readonly SpanContext[] = [],
  ) {
    this.#what = what;
    this.records = records;
    this.bytes = bytes;
    this.producer = options.producer;
    this.callers = callers;
    this.deadlineMs = performance.now() + timeoutMs;
    this.#settle = Promise.withResolvers();
    this.result = this.#settle.promise;
    this.#timer = setTimeout(this.#expire, timeoutMs);
    this.#signal = options.signal;
    if (this.#signal?.aborted === true) this.#abort();
    else this.#signal?.addEventListener('abort', this.#abort);
  }

  /** Nobody waits for it any more. */
  get ended(): boolean {
    return this.#settle === undefined;
  }

  resolve(result: AppendResult): void {
    this.#end()?.resolve(result);
  }

  reject(error: WeirError): void {
    this.#end()?.reject(error);
  }

  readonly #expire = (): void => {
    this.reject(new WeirError('DEADLINE_EXCEEDED', `${this.#what}: no answer in time`));
  };

  readonly #abort = (): void => {
    const cause: unknown = this.#signal?.reason;
    this.reject(new WeirError('CANCELLED', `${this.#what}: the call was aborted`, { cause }));
  };

  #end(): PromiseWithResolvers<AppendResult> | undefined {
    const settle = this.#settle;
    this.#settle = undefined;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#abort);
    return settle;
  }
}
