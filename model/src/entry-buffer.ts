// Entries under construction, in growing arrays that are reused from request to request.
import { WeirError } from '@weir/proto';
import type { Examples } from './examples.ts';
import { ENTRIES_MAX } from './limits.ts';

export class EntryBuffer {
  size = 0;
  keys = new Uint32Array(2048);
  weights = new Float64Array(1024);
  document = new Uint16Array(1024);
  feature = new Uint16Array(1024);

  add(low: number, high: number, weight: number, document: number, feature: number): void {
    if (this.size === this.weights.length) this.#grow();
    const entry = this.size++;
    this.keys[2 * entry] = low;
    this.keys[2 * entry + 1] = high;
    this.weights[entry] = weight;
    this.document[entry] = document;
    this.feature[entry] = feature;
  }

  /** A copy of the entries as examples. */
  examples(
    shared: number,
    features: readonly string[],
    docIds: readonly string[],
    statics: Float32Array,
  ): Examples {
    return {
      documents: docIds.length,
      entries: this.size,
      shared,
      keys: this.keys.slice(0, 2 * this.size),
      weights: this.weights.slice(0, this.size),
      document: this.document.slice(0, this.size),
      feature: this.feature.slice(0, this.size),
      features,
      docIds,
      statics,
    };
  }

  #grow(): void {
    if (this.size >= ENTRIES_MAX) {
      throw new WeirError('INVALID_ARGUMENT', `a request has more than ${ENTRIES_MAX} feature values`);
    }
    const entries = this.weights.length * 2;
    this.keys = copied(this.keys, new Uint32Array(2 * entries));
    this.weights = copied(this.weights, new Float64Array(entries));
    this.document = copied(this.document, new Uint16Array(entries));
    this.feature = copied(this.feature, new Uint16Array(entries));
  }
}

function copied<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
