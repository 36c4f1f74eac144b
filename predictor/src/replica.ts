// A local copy of one table's weights, kept by its delta stream. A shard's snapshot replaces that shard's rows,
// but the old ones serve until the new snapshot is whole: a row is present iff its generation is not older
// than the last whole snapshot of its shard. Rows that are gone keep their places until they are as many as the others.
import { KeyIndex, type PackedKeys } from '@weir/proto';

/** What the replica needs of a delta. */
export interface ReplicaDelta {
  readonly shard: string;
  readonly packedKeys: PackedKeys;
  /** keys x dim. */
  readonly weights: Float32Array;
  readonly packedTombstones: PackedKeys;
  /** First message of a snapshot. */
  readonly snapshotStart: boolean;
  /** Set when all rows of the shard changed up to it have been delivered: a snapshot is whole with it. */
  readonly upTo: unknown;
}

interface ShardState {
  readonly number: number;
  /** Generation that arriving rows get. */
  writing: number;
  /** Generation of the last whole snapshot; 0: none yet. */
  whole: number;
}

const GONE = 0;
/** Fewer rows that are gone are left where they are. */
const GONE_ROWS_MIN = 1024;

export class Replica {
  readonly dim: number;
  readonly #shards = new Map<string, ShardState>();
  readonly #states: ShardState[] = [];
  #index = new KeyIndex(1024);
  /** Rows that are not present. */
  #gone = 0;
  #weights = new Float32Array(0);
  #generations = new Uint32Array(0);
  #shardOfRow = new Uint16Array(0);

  /** @param shards ids of all shards; the replica is whole when each has sent a snapshot. */
  constructor(dim: number, shards: readonly string[]) {
    this.dim = dim;
    shards.forEach((id, number) => {
      const state = { number, writing: 1, whole: 0 };
      this.#shards.set(id, state);
      this.#states.push(state);
    });
  }

  /** Whether every shard's snapshot has arrived: then an absent key is one without a row. */
  get whole(): boolean {
    return this.#states.every((state) => state.whole > 0);
  }

  /** Rows with a place here: those present, and at most about as many that are gone. */
  get rows(): number {
    return this.#index.size;
  }

  /** @throws Error for a shard that the replica was not made for: the topology has changed. */
  apply(delta: ReplicaDelta): void {
    const state = this.#shards.get(delta.shard);
    if (state === undefined)
      throw new Error(`delta of shard ${delta.shard}, which the replica does not know`);
    if (delta.snapshotStart) state.writing++;
    this.#write(delta, state);
    if (delta.upTo !== undefined && state.whole !== state.writing) {
      state.whole = state.writing;
      this.#gone = this.#countGone();
    }
    const gone = delta.packedTombstones;
    for (let i = 0; i < gone.length; i += 2) {
      const row = this.#index.find(gone[i]!, gone[i + 1]!);
      if (row < 0) continue;
      if (this.#present(row)) this.#gone++;
      this.#generations[row] = GONE;
    }
    if (this.#gone >= GONE_ROWS_MIN && 2 * this.#gone > this.rows) this.#compact();
  }

  /**
   * Copies the weights of `keys` to `out` (keys x dim); absent rows are left as they are.
   * @returns indexes into `keys` that have no row here, or undefined when all have.
   */
  gather(keys: PackedKeys, out: Float32Array): number[] | undefined {
    const dim = this.dim;
    let absent: number[] | undefined;
    for (let i = 0; i < keys.length; i += 2) {
      const row = this.#index.find(keys[i]!, keys[i + 1]!);
      if (row < 0 || !this.#present(row)) {
        absent ??= [];
        absent.push(i >>> 1);
        continue;
      }
      const from = row * dim;
      const to = (i >>> 1) * dim;
      for (let d = 0; d < dim; d++) out[to + d] = this.#weights[from + d]!;
    }
    return absent;
  }

  /** An independent copy, for a shadow that no longer follows. */
  freeze(): Replica {
    const copy = new Replica(this.dim, [...this.#shards.keys()]);
    const keys = this.#index.keys;
    copy.#gone = this.#gone;
    for (const [id, state] of this.#shards) Object.assign(copy.#shards.get(id)!, state);
    copy.#reserve(this.rows);
    for (let row = 0; row < this.rows; row++) copy.#index.insert(keys[2 * row]!, keys[2 * row + 1]!);
    copy.#weights.set(this.#weights.subarray(0, this.rows * this.dim));
    copy.#generations.set(this.#generations.subarray(0, this.rows));
    copy.#shardOfRow.set(this.#shardOfRow.subarray(0, this.rows));
    return copy;
  }

  #present(row: number): boolean {
    const generation = this.#generations[row]!;
    return generation !== GONE && generation >= this.#states[this.#shardOfRow[row]!]!.whole;
  }

  #countGone(): number {
    let gone = 0;
    for (let row = 0; row < this.rows; row++) if (!this.#present(row)) gone++;
    return gone;
  }

  /** Moves the rows that are present together. Not in slices: it costs what writing them costs, and each was written once. */
  #compact(): void {
    const { keys } = this.#index;
    const index = new KeyIndex(this.rows - this.#gone);
    for (let row = 0; row < this.rows; row++) {
      if (!this.#present(row)) continue;
      const to = index.insert(keys[2 * row]!, keys[2 * row + 1]!);
      this.#weights.copyWithin(to * this.dim, row * this.dim, (row + 1) * this.dim);
      this.#generations[to] = this.#generations[row]!;
      this.#shardOfRow[to] = this.#shardOfRow[row]!;
    }
    this.#index = index;
    this.#gone = 0;
  }

  #write(delta: ReplicaDelta, state: ShardState): void {
    const { packedKeys: keys, weights } = delta;
    const dim = this.dim;
    this.#reserve(this.rows + keys.length / 2);
    for (let i = 0; i < keys.length; i += 2) {
      const known = this.rows;
      const row = this.#index.insert(keys[i]!, keys[i + 1]!);
      if (row < known && !this.#present(row)) this.#gone--;
      const from = (i >>> 1) * dim;
      for (let d = 0; d < dim; d++) this.#weights[row * dim + d] = weights[from + d]!;
      this.#generations[row] = state.writing;
      this.#shardOfRow[row] = state.number;
    }
  }

  #reserve(rows: number): void {
    if (rows <= this.#generations.length) return;
    const capacity = Math.max(1024, rows, this.#generations.length * 2);
    const weights = new Float32Array(capacity * this.dim);
    weights.set(this.#weights);
    this.#weights = weights;
    const generations = new Uint32Array(capacity);
    generations.set(this.#generations);
    this.#generations = generations;
    const shardOfRow = new Uint16Array(capacity);
    shardOfRow.set(this.#shardOfRow);
    this.#shardOfRow = shardOfRow;
  }
}
