// The calls of one client that are under way: what a drain waits for and a close ends.
import { WeirError } from '@weir/proto';
import { type CallOptions, CallScope } from './call-scope.ts';
import { Slots } from './slots.ts';

export class Calls {
  readonly #timeoutMs: number;
  readonly #open = new Slots<CallScope>();
  readonly #idle: (() => void)[] = [];
  #refusal: string | undefined;

  /** @param timeoutMs of calls that say nothing else. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** @throws WeirError CANCELLED once the client is draining or closed. */
  begin(what: string, options: CallOptions | undefined): CallScope {
    if (this.#refusal !== undefined) throw new WeirError('CANCELLED', `${what}: ${this.#refusal}`);
    let slot: number | undefined;
    const scope = new CallScope(what, options, this.#timeoutMs, () => {
      if (slot !== undefined) this.#closed(slot);
    });
    if (!scope.ended) slot = this.#open.add(scope);
    return scope;
  }

  /** Lets no further call begin and waits for those under way, or until `scope` ends. */
  async drain(scope: CallScope): Promise<void> {
    this.#refusal ??= 'the client is draining';
    if (this.#open.size === 0) return;
    const idle = new Promise<void>((resolve) => this.#idle.push(resolve));
    await Promise.race([idle, scope.done]);
  }

  close(): void {
    this.#refusal = 'the client is closed';
    for (const scope of this.#open.values()) scope.cancel(this.#refusal);
  }

  #closed(slot: number): void {
    this.#open.remove(slot);
    if (this.#open.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
