// Bounded memory for what members contribute, over all groups of a shard. A step takes its room as a whole, for all members
// and the result, when its first contribution is announced: so steps that have begun never wait for each other's room.
import { GROUP_PAYLOAD_BYTES_MAX, WeirError } from '@weir/proto';
import type { Contribution, ReducedPart } from '../../core/group-reduce.ts';
import {
  GROUP_BYTES_MAX,
  GROUP_POOLED_VALUE_BYTES_MAX,
  OVERLOADED_RETRY_AFTER_MS,
  POOLED_BYTES_MIN,
} from '../../limits.ts';
import { MemoryPool } from '../memory-pool.ts';

export class GroupMemory {
  readonly #pool = new MemoryPool();
  #held = 0;

  get held(): number {
    return this.#held;
  }

  room(): GroupRoom {
    return new GroupRoom(this);
  }

  /** For a value that comes in, with anything in it; from the beginning of its memory. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    return isPooled(bytes) ? new Uint8Array(this.#pool.take(bytes), 0, bytes) : new Uint8Array(bytes);
  }

  /** The memory of values as taken, which nobody looks at any more, but for those that a result has as they are. */
  recycle(contributions: readonly Contribution[], results: readonly ReducedPart[]): void {
    const kept = new Set(results.map(({ value }) => value));
    for (const value of contributions.flatMap(({ values }) => values)) {
      if (isPooled(value.length) && !kept.has(value) && value.buffer instanceof ArrayBuffer) {
        this.#pool.give(value.buffer);
      }
    }
  }

  /** For rooms. */
  change(by: number): void {
    this.#held += by;
  }
}

/** What one group holds of it. */
export class GroupRoom {
  readonly #memory: GroupMemory;
  #held = 0;

  constructor(memory: GroupMemory) {
    this.#memory = memory;
  }

  /**
   * Room for a step of so many contributions, the largest of which has so many bytes.
   * @throws WeirError OVERLOADED; INVALID_ARGUMENT when there is never so much.
   */
  require(group: string, contributions: number, largestBytes: number): void {
    const wanted = stepBytes(contributions, largestBytes);
    if (wanted > GROUP_BYTES_MAX) {
      throw new WeirError(
        'INVALID_ARGUMENT',
        `group ${group}: ${contributions} contributions with ${largestBytes} bytes each are more than a shard holds ` +
          `(${GROUP_BYTES_MAX} bytes); contribute less at a time`,
      );
    }
    if (this.#memory.held - this.#held + wanted > GROUP_BYTES_MAX) {
      throw new WeirError('OVERLOADED', `group ${group}: other groups' steps fill the memory for them`, {
        retryAfterMs: OVERLOADED_RETRY_AFTER_MS,
      });
    }
  }

  /** As it is now. @param resultBytes of results on their way to members. */
  hold(contributions: number, largestBytes: number, resultBytes: number): void {
    const held = stepBytes(contributions, largestBytes) + resultBytes;
    this.#memory.change(held - this.#held);
    this.#held = held;
  }
}

/** Smaller ones would take far more memory than they have bytes, larger ones would leave the pool no room. */
function isPooled(bytes: number): boolean {
  return bytes >= POOLED_BYTES_MIN && bytes <= GROUP_POOLED_VALUE_BYTES_MAX;
}

function stepBytes(contributions: number, largestBytes: number): number {
  const contributed = contributions * largestBytes;
  return contributed + Math.min(contributed, GROUP_PAYLOAD_BYTES_MAX);
}
