// What sampled pushes changed of a table lately: a delta tells it to its subscriber, so that a trace goes on to the answers
// that use the changed rows. Bounded: the oldest fall out, and of many keys the first ones are kept.
import { type PackedKeys, type SpanContext, TRACED_KEYS_MAX } from '@weir/proto';
import { TRACED_CHANGES_MAX } from '../../limits.ts';

export interface TracedPush {
  readonly seq: number;
  /** Of the push's span. */
  readonly context: SpanContext;
  readonly keys: PackedKeys;
}

const NONE: readonly TracedPush[] = [];

export class TracedChanges {
  #changes: TracedPush[] = [];

  /** Positions come in rising order. The keys are copied. */
  add(seq: number, context: SpanContext, keys: PackedKeys): void {
    if (this.#changes.length === TRACED_CHANGES_MAX) this.#changes.shift();
    this.#changes.push({ seq, context, keys: keys.slice(0, 2 * TRACED_KEYS_MAX) });
  }

  /** Those in (after, upTo]. */
  between(after: number, upTo: number): readonly TracedPush[] {
    if (this.#changes.length === 0) return NONE;
    return this.#changes.filter(({ seq }) => seq > after && seq <= upTo);
  }
}
