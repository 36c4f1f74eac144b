// Cumulative acknowledgements of one push stream: outcomes of the same turn of the event loop share an answer,
// and while the client does not read, they wait here, merged.
import type { PushRefusal, PushResponse, SkippedRows } from '@weir/proto/v1/parameter_server';
import type { PushOutcome } from './push-outcome.ts';

export class Acknowledgements {
  readonly #write: (response: PushResponse) => boolean;
  #through = 0;
  #seq = 0;
  #refusals: PushRefusal[] = [];
  #skipped: SkippedRows[] = [];
  #dirty = false;
  #scheduled = false;
  #blocked = false;

  /** @param write returns false when the client should be given time; then call `drained` once it has read. */
  constructor(write: (response: PushResponse) => boolean) {
    this.#write = write;
  }

  add(number: number, outcome: PushOutcome): void {
    if (outcome.kind === 'settled') {
      this.#through = Math.max(this.#through, number);
      this.#seq = Math.max(this.#seq, outcome.seq);
      if (outcome.refusal !== undefined) this.#refusals.push({ number, error: outcome.refusal });
      if (outcome.skipped !== undefined) this.#skipped.push(...outcome.skipped.messages(number));
    } else {
      this.#refusals.push({ number, error: outcome.error.toDetail() });
    }
    this.#dirty = true;
    if (this.#scheduled || this.#blocked) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  drained(): void {
    this.#blocked = false;
    this.flush();
  }

  /** What is left, whether or not the client has read what came before. */
  finish(): void {
    this.#blocked = false;
    this.flush();
  }

  flush(): void {
    if (!this.#dirty || this.#blocked) return;
    this.#dirty = false;
    const refusals = this.#refusals;
    const skipped = this.#skipped;
    this.#refusals = [];
    this.#skipped = [];
    this.#blocked = !this.#write({ through: this.#through, seq: this.#seq, refusals, skipped });
  }
}
