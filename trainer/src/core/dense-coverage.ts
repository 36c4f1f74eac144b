// Which samples the dense part has learned: per partition everything below an offset. It goes through barriers with the dense
// part, in one step, so the two cannot part. What always holds:
// - What counts of a partition is what its owner said last: entries are stamped with the step that they were made for, and
//   whoever has not moved a partition since the last step passes its entry on as it stood.
// - After a step every member has what the step covers, and nothing else: a window counts once, or not yet.
import { xxHash64 } from '@weir/proto';
import type { OffsetRange } from './source-cursor.ts';

export interface AcquiredOffset {
  readonly partition: number;
  readonly incarnation: string;
  /** The smallest offset up to which a shard has applied it. */
  readonly applied: number;
}

interface Covered {
  /** Of the incarnation of the partition's log: offsets of another one say nothing. */
  readonly log: bigint;
  readonly offset: number;
}

interface Entry extends Covered {
  readonly stamp: number;
}

/** Words of an entry: partition, log, offset, stamp. */
const WORDS = 4;

export class DenseCoverage {
  /** As of the last step. */
  #agreed = new Map<number, Entry>();
  /** Of the partitions that this member learns from. */
  #own = new Map<number, Covered>();
  /** Those of them that have moved since the last step. */
  readonly #moved = new Set<number>();
  #step = 0;

  /** Whether some partition of this member's is in no step yet. */
  get incomplete(): boolean {
    return [...this.#own].some(([partition, { log }]) => this.#agreed.get(partition)?.log !== log);
  }

  /** As of the last step, by partition. */
  get agreed(): ReadonlyMap<number, number> {
    return new Map([...this.#agreed].map(([partition, { offset }]) => [partition, offset]));
  }

  /** Everything of the partition below it is learned; undefined: it is not this member's. */
  offset(partition: number): number | undefined {
    return this.#own.get(partition)?.offset;
  }

  /** Everything of this member's partition below it is in a step; 0: the partition is in none yet. */
  stored(partition: number): number {
    const agreed = this.#agreed.get(partition);
    return agreed !== undefined && agreed.log === this.#own.get(partition)?.log ? agreed.offset : 0;
  }

  /** From now on this member learns from these. One of which nothing is known is taken up where the shards are. */
  acquired(partitions: readonly AcquiredOffset[]): void {
    const before = this.#own;
    this.#own = new Map();
    for (const { partition, incarnation, applied } of partitions) {
      const log = xxHash64(incarnation);
      const known = [before.get(partition), this.#agreed.get(partition)].find((each) => each?.log === log);
      this.#own.set(partition, { log, offset: known?.offset ?? applied });
      if (known === undefined) this.#moved.add(partition);
    }
    for (const partition of this.#moved) if (!this.#own.has(partition)) this.#moved.delete(partition);
  }

  /** @returns whether the window is to be learned; false: it is learned already. Ranges are new, or not, all alike. */
  advance(ranges: readonly OffsetRange[]): boolean {
    let isNew: boolean | undefined;
    for (const { partition, from, to } of ranges) {
      const covered = this.#own.get(partition);
      if (covered === undefined) throw new Error(`partition ${partition} is not this trainer's`);
      const next = from === covered.offset;
      if ((!next && to > covered.offset) || (isNew ?? next) !== next) {
        throw new Error(
          `partition ${partition}: learned up to ${covered.offset}, the window has [${from}, ${to})`,
        );
      }
      isNew = next;
      if (!next) continue;
      this.#own.set(partition, { ...covered, offset: to });
      this.#moved.add(partition);
    }
    return isNew ?? true;
  }

  /** For the next step, by `concat`. */
  value(): BigUint64Array {
    const entries = new Map<number, Entry>(this.#agreed);
    for (const partition of this.#moved) {
      entries.set(partition, { ...this.#own.get(partition)!, stamp: this.#step + 1 });
    }
    const words = [...entries].flatMap(([partition, { log, offset, stamp }]) => [
      ...[BigInt(partition), log, BigInt(offset), BigInt(stamp)],
    ]);
    return BigUint64Array.from(words);
  }

  /** @param value of a step's result: of all members, one after the other. */
  adopt(value: BigUint64Array, step: number): void {
    const agreed = new Map<number, Entry>();
    for (let i = 0; i + WORDS <= value.length; i += WORDS) {
      const [partition, log, offset, stamp] = value.subarray(i, i + WORDS);
      const entry = { log: log!, offset: Number(offset), stamp: Number(stamp) };
      const known = agreed.get(Number(partition));
      if (known === undefined || entry.stamp > known.stamp) agreed.set(Number(partition), entry);
    }
    this.#agreed = agreed;
    this.#step = step;
    for (const [partition, { log }] of this.#own) {
      const entry = agreed.get(partition);
      if (entry?.log !== log) continue;
      this.#own.set(partition, entry);
      this.#moved.delete(partition);
    }
  }

  /** Of a group without any result. */
  clear(): void {
    this.#agreed.clear();
    this.#own.clear();
    this.#moved.clear();
    this.#step = 0;
  }
}
