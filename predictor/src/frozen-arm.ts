// The shadow arm `frozen`: the model as it stood after N rank requests, scored beside the live one in every later
// answer. It shows what online learning is worth on the very same traffic.
import type { PackedKeys } from '@weir/proto';
import type { Replica } from './replica.ts';
import type { RowSource } from './row-source.ts';

export class FrozenArm {
  readonly #sources: readonly RowSource[];
  #requestsLeft: number;
  #replicas: readonly Replica[] | undefined;

  /** @param afterRequests rank requests until the copy is taken. */
  constructor(sources: readonly RowSource[], afterRequests: number) {
    this.#sources = sources;
    this.#requestsLeft = afterRequests;
  }

  get frozen(): boolean {
    return this.#replicas !== undefined;
  }

  /** Rows of the copy, absent ones at their prior; undefined until it is taken. Counts the request. */
  rowsFor(keys: readonly PackedKeys[]): Float32Array[] | undefined {
    if (this.#replicas === undefined) {
      if (this.#requestsLeft-- > 0) return undefined;
      this.#replicas = this.#sources.map(({ replica }) => replica.freeze());
    }
    return this.#replicas.map((replica, i) => {
      const weights = this.#sources[i]!.priorRows(keys[i]!);
      replica.gather(keys[i]!, weights);
      return weights;
    });
  }
}
