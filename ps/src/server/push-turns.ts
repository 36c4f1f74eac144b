// Between the streams and the pipeline: pushes enter the pipeline when the log can take them, client by client. What
// waits, waits here, where a client with many pushes in flight is behind itself only; in the log there is one order.
// Holds: a client's pushes keep their order; no more than PUSHES_UNDER_WAY_BYTES, and at least one push, are in the
// pipeline at a time.
import type { WeirError } from '@weir/proto';
import type { PushClient } from '@weir/proto/v1/parameter_server';
import { FairQueue, ITEM_OVERHEAD_BYTES } from '../core/fair-queue.ts';
import { PUSHES_UNDER_WAY_BYTES } from '../limits.ts';
import type { WholePush } from './frames.ts';
import type { PushOutcome, PushPipeline } from './push-pipeline.ts';
import { Slice } from './slices.ts';

interface Waiting {
  readonly client: PushClient | undefined;
  readonly push: WholePush;
  readonly settle: (outcome: PushOutcome) => void;
}

export class PushTurns {
  readonly #pipeline: PushPipeline;
  readonly #refuses: () => boolean;
  readonly #queue = new FairQueue<object, Waiting>();
  #underWayBytes = 0;
  #scheduled = false;

  /** @param refuses whether the log refuses everything at the moment: then nobody waits for their turn. */
  constructor(pipeline: PushPipeline, refuses: () => boolean) {
    this.#pipeline = pipeline;
    this.#refuses = refuses;
  }

  /** Pushes that wait for their turn. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** @param lane whose push it is. @param client undefined: a one-off push. */
  submit(
    lane: object,
    client: PushClient | undefined,
    push: WholePush,
    settle: (outcome: PushOutcome) => void,
  ): void {
    const waiting = { client, push, settle };
    if (this.#queue.size === 0 && this.#room()) {
      this.#begin(waiting);
      return;
    }
    this.#queue.add(lane, waiting, push.bytes);
    this.wake();
  }

  /** Turns away what waits of a client that is gone: none of it has a number in the log. */
  drop(lane: object, error: WeirError): void {
    for (const { settle } of this.#queue.remove(lane)) this.#pipeline.turnAway(error, settle);
  }

  /** There may be room. */
  wake(): void {
    if (this.#scheduled || this.#queue.size === 0 || !this.#room()) return;
    this.#scheduled = true;
    // Not at once: pushes are settled in the log's slice.
    setImmediate(() => {
      this.#scheduled = false;
      this.#beginThose();
    });
  }

  #beginThose(): void {
    const slice = new Slice();
    while (this.#queue.size > 0 && this.#room() && !slice.over) this.#begin(this.#queue.take()!);
    this.wake();
  }

  #begin({ client, push, settle }: Waiting): void {
    const bytes = push.bytes + ITEM_OVERHEAD_BYTES;
    this.#underWayBytes += bytes;
    this.#pipeline.submit(client, push, (outcome) => {
      this.#underWayBytes -= bytes;
      settle(outcome);
      this.wake();
    });
  }

  #room(): boolean {
    return this.#underWayBytes < PUSHES_UNDER_WAY_BYTES || this.#refuses();
  }
}
