// The shadow arm `frozen`: the model as it stood after N rank requests, scored beside the live one in every later
// answer. It shows what online learning is worth on the very same traffic.
import type { PackedKeys } from '@weir/proto';
import type { RowsVersion } from '@weir/proto/v1/common';
import type { DenseFollower } from './dense-follower.ts';
import type { Replica } from './replica.ts';
import type { RowSource } from './row-source.ts';

export class FrozenArm {
  readonly #sources: readonly RowSource[];
  readonly #follower: DenseFollower | undefined;
  #requestsLeft: number;
  #replicas: readonly Replica[] | undefined;
  #dense: Float32Array | undefined;
  #versions: readonly RowsVersion[] = [];

  /** @param afterRequests rank requests until the copy is taken. */
  constructor(sources: readonly RowSource[], dense: DenseFollower | undefined, afterRequests: number) {
    this.#sources = sources;
    this.#follower = dense;
    this.#requestsLeft = afterRequests;
  }

  get frozen(): boolean {
    return this.#replicas !== undefined;
  }

  /** How new the copy's rows are. */
  get versions(): readonly RowsVersion[] {
    return this.#versions;
  }

  /** Dense weights of the copy; undefined without any. */
  get dense(): Float32Array | undefined {
    return this.#dense;
  }

  /** Rows of the copy, absent ones at their prior; undefined until it is taken. Counts the request. */
  rowsFor(keys: readonly PackedKeys[]): Float32Array[] | undefined {
    if (this.#replicas === undefined) {
      if (this.#requestsLeft-- > 0) return undefined;
      this.#replicas = this.#sources.map(({ replica }) => replica.freeze());
      this.#versions = this.#sources.flatMap(({ versions }) => versions);
      this.#dense = this.#follower?.current.weights;
    }
    return this.#replicas.map((replica, i) => {
      const weights = this.#sources[i]!.priorRows(keys[i]!);
      replica.gather(keys[i]!, weights);
      return weights;
    });
  }
}
