// One call of a user: its signal, its one deadline, and who must hear when it ends early. Everything done for
// the call, all tries and waits included, happens inside its scope; nothing is tried after its end.
import { WeirError } from '@weir/proto';
import type { CallTrace } from './call-trace.ts';
import { TIMEOUT_MS_DEFAULT, TIMEOUT_MS_MAX } from './limits.ts';

/** Last argument of every call. */
export interface CallOptions {
  /** Ends the call with CANCELLED when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** From now to the answer, all tries included; default: as given to `connect`. */
  readonly timeoutMs?: number | undefined;
}

/** Why a scope ended. */
interface End {
  readonly code: 'DEADLINE_EXCEEDED' | 'CANCELLED';
  readonly reason: string;
  readonly cause?: unknown;
}

export class CallScope {
  /** What is being done, for messages: 'pull of default/doc'. */
  readonly what: string;
  /** Set for a call that is sampled. */
  trace: CallTrace | undefined;
  readonly #timeoutMs: number;
  readonly #expiresAtMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #onClose: (() => void) | undefined;
  #done: Promise<undefined> | undefined;
  #end: End | undefined;

  constructor(
    what: string,
    options: CallOptions = {},
    timeoutMsDefault = TIMEOUT_MS_DEFAULT,
    onClose?: () => void,
  ) {
    this.what = what;
    this.#timeoutMs = requireTimeout(options.timeoutMs ?? timeoutMsDefault);
    this.#signal = options.signal;
    this.#onClose = onClose;
    this.#expiresAtMs = performance.now() + this.#timeoutMs;
    this.#timer = setTimeout(this.#expire, this.#timeoutMs);
    if (this.#signal?.aborted === true) this.#abort();
    else this.#signal?.addEventListener('abort', this.#abort);
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  get remainingMs(): number {
    return Math.max(0, this.#expiresAtMs - performance.now());
  }

  /** Resolves when the scope ends. */
  get done(): Promise<undefined> {
    this.#done ??= new Promise((resolve) => {
      this.onEnd(() => resolve(undefined));
    });
    return this.#done;
  }

  /** Calls the listener once when the scope ends, at once if it has; returns how to take it back. */
  onEnd(listener: () => void): () => void {
    if (this.#end !== undefined) {
      listener();
      return () => {};
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Why the scope has ended; `where` says at whom the call was waiting. */
  error(where?: string, details: { table?: string; shard?: string; cause?: unknown } = {}): WeirError {
    const end: End = this.#end ?? { code: 'CANCELLED', reason: 'the call is over' };
    const place = where === undefined ? '' : `, waiting for ${where}`;
    return new WeirError(end.code, `${this.what}: ${end.reason}${place}`, { cause: end.cause, ...details });
  }

  throwIfEnded(): void {
    if (this.#end !== undefined) throw this.error();
  }

  /** Ends the scope from inside the client. */
  cancel(reason: string): void {
    this.#finish({ code: 'CANCELLED', reason });
  }

  /** Waits, at most until the scope ends. */
  async sleep(delayMs: number): Promise<void> {
    if (this.#end !== undefined) return;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        off();
        resolve();
      };
      const timer = setTimeout(finish, delayMs);
      const off = this.onEnd(finish);
    });
  }

  /** The call has its answer: what still runs for it (after a failure, say) is called off. */
  [Symbol.dispose](): void {
    this.#finish({ code: 'CANCELLED', reason: 'the call is over' });
  }

  readonly #expire = (): void => {
    this.#finish({ code: 'DEADLINE_EXCEEDED', reason: `no answer within ${this.#timeoutMs} ms` });
  };

  readonly #abort = (): void => {
    this.#finish({ code: 'CANCELLED', reason: 'the signal was aborted', cause: this.#signal?.reason });
  };

  #finish(end: End): void {
    if (this.#end !== undefined) {
      this.#onClose?.();
      return;
    }
    this.#end = end;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#abort);
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
    this.#onClose?.();
  }
}

function requireTimeout(timeoutMs: number): number {
  if (timeoutMs > 0 && timeoutMs <= TIMEOUT_MS_MAX) return timeoutMs;
  throw new WeirError(
    'INVALID_ARGUMENT',
    `timeoutMs is ${timeoutMs}; it must be above 0 and at most ${TIMEOUT_MS_MAX}`,
  );
}
