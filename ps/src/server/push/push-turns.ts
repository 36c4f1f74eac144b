// Between the streams and the pipeline: pushes enter the pipeline when the log can take them, client by client. What
// waits, waits here, where a client with many pushes in flight is behind itself only; in the log there is one order.
// Holds: a client's pushes keep their order; no more than PUSHES_UNDER_WAY_BYTES, and at least one push, are in the
// pipeline at a time.
import type { WeirError } from '@weir/proto';
import type { PushClient } from '@weir/proto/v1/parameter_server';
import { FairQueue, ITEM_OVERHEAD_BYTES } from '../../core/fair-queue.ts';
import { PREPARED_AT_ONCE_BYTES, PUSHES_UNDER_WAY_BYTES } from '../../limits.ts';
import { runInSlices, Slice } from '../slices.ts';
import type { WholePush } from './frames.ts';
import type { PushOutcome } from './push-outcome.ts';
import type { PushPipeline } from './push-pipeline.ts';
import { clientNumberOf, ONE_OFF, type PreparedPush, type PushPreparation } from './push-preparation.ts';

interface Waiting {
  readonly client: PushClient | undefined;
  readonly push: WholePush;
  readonly settle: (outcome: PushOutcome) => void;
}

export class PushTurns {
  readonly #pipeline: PushPipeline;
  readonly #preparation: PushPreparation;
  readonly #refuses: () => boolean;
  readonly #queue = new FairQueue<object, Waiting>();
  #underWayBytes = 0;
  #scheduled = false;
  /** A large push is prepared, and none begins before it. */
  #preparing = false;

  /** @param refuses whether the log refuses everything at the moment: then nobody waits for their turn. */
  constructor(pipeline: PushPipeline, preparation: PushPreparation, refuses: () => boolean) {
    this.#pipeline = pipeline;
    this.#preparation = preparation;
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
    slice.end();
    this.wake();
  }

  #begin(waiting: Waiting): void {
    if (waiting.push.bytes <= PREPARED_AT_ONCE_BYTES) this.#enter(waiting, undefined);
    else void this.#prepare(waiting);
  }

  async #prepare(waiting: Waiting): Promise<void> {
    const { client, push } = waiting;
    this.#preparing = true;
    const number = client === undefined ? ONE_OFF : clientNumberOf(client, push);
    const slice = new Slice();
    const prepared = await runInSlices(this.#preparation.steps(number, push), slice);
    slice.end();
    this.#preparing = false;
    this.#enter(waiting, prepared);
    this.wake();
  }

  #enter({ client, push, settle }: Waiting, prepared: PreparedPush | undefined): void {
    const bytes = push.bytes + ITEM_OVERHEAD_BYTES;
    this.#underWayBytes += bytes;
    const settled = (outcome: PushOutcome): void => {
      this.#underWayBytes -= bytes;
      settle(outcome);
      this.wake();
    };
    this.#pipeline.submit(client, push, settled, prepared);
  }

  #room(): boolean {
    if (this.#preparing) return false;
    return this.#underWayBytes < PUSHES_UNDER_WAY_BYTES || this.#refuses();
  }
}
