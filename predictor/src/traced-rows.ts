// Which rows sampled pushes changed lately, so that the next answer that uses one can say where its weights come from.
// Bounded: it forgets all of it when too many rows are in it, and of many changes it knows the newest.
import { KeyIndex, type PackedKeys, SPAN_LINKS_MAX, type SpanContext, type TraceSample } from '@weir/proto';
import { TRACED_ROWS_MAX } from './limits.ts';

export class TracedRows {
  readonly #index = new KeyIndex();
  /** By the number of a key: the newest change of its row, counted from 1; 0: used since. */
  readonly #changeOf: number[] = [];
  /** The newest changes, by their number modulo SPAN_LINKS_MAX. */
  readonly #contexts: SpanContext[] = [];
  #changes = 0;

  /** @param context of the span that applied the change. */
  add(context: SpanContext, keys: PackedKeys): void {
    if (this.#index.size + keys.length / 2 > TRACED_ROWS_MAX) this.#index.clear();
    this.#changes++;
    this.#contexts[this.#changes % SPAN_LINKS_MAX] = context;
    for (let i = 0; i < keys.length; i += 2) {
      this.#changeOf[this.#index.insert(keys[i]!, keys[i + 1]!)] = this.#changes;
    }
  }

  /** Adds the changes behind rows of these keys, each row's for the first time that a sampled answer uses it. */
  use(keys: PackedKeys, changes: TraceSample): void {
    if (this.#index.size === 0) return;
    for (let i = 0; i < keys.length; i += 2) {
      const number = this.#index.find(keys[i]!, keys[i + 1]!);
      const change = number < 0 ? 0 : this.#changeOf[number]!;
      if (change === 0) continue;
      this.#changeOf[number] = 0;
      if (change > this.#changes - SPAN_LINKS_MAX) changes.add(this.#contexts[change % SPAN_LINKS_MAX]);
    }
  }
}
