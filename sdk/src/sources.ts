// Source offsets of one group at all shards: taken over, looked at, forgotten. Every call concerns every shard and
// returns once all of them have answered; a shard that is away is tried again until the call's deadline.
import { WeirError } from '@weir/proto';
import type { SourcesClient } from '@weir/proto/v1/sources';
import type { CallOptions, CallScope } from './call-scope.ts';
import type { Calls } from './calls.ts';
import type { Router } from './router.ts';
import { requireGeneration, requireGroup, requirePartitions, requireStarts } from './source-ranges.ts';
import { agreedStarts, requireOneStart } from './source-starts.ts';
import { inTermsOf } from './table-ref.ts';
import { callOnce, type Method, withRetries } from './unary.ts';

/** A partition to acquire. */
export interface SourceStart {
  readonly partition: number;
  /** Of the partition's log; of another one, offsets mean nothing. */
  readonly incarnation: string;
  /** Where the group begins, unless a shard has recorded a start for it. */
  readonly start: number;
}

/** A partition that is acquired, and how far each shard has applied it. */
export interface AcquiredPartition {
  readonly partition: number;
  /** Where the group began, as all shards have recorded it. */
  readonly start: number;
  /** One per shard, in the order of the routing table: everything below `applied` is in its rows. */
  readonly offsets: readonly { readonly shard: string; readonly applied: number }[];
}

/** What a shard knows of one partition. */
export interface SourceOffset {
  readonly partition: number;
  readonly incarnation: string;
  readonly generation: number;
  readonly start: number;
  readonly applied: number;
  /** Lost with the shard's rows, at durability `memory`; `applied` is what was known last. */
  readonly lost: boolean;
}

/** What one shard knows of a group. */
export interface ShardOffsets {
  readonly shard: string;
  /** By partition; empty when the shard knows nothing of the group. */
  readonly partitions: readonly SourceOffset[];
}

/**
 * Offsets up to which a group's partitions are applied. They stand with the rows, on every shard, so that a push made twice
 * counts once.
 */
export class Sources {
  readonly group: string;
  readonly #router: Router;
  readonly #calls: Calls;

  /** Use `Weir.sources`. */
  constructor(group: string, router: Router, calls: Calls) {
    requireGroup('sources', group);
    this.group = group;
    this.#router = router;
    this.#calls = calls;
  }

  /**
   * Makes every shard take pushes of these partitions in this generation only, or in a higher one. That is durable on
   * all shards before it returns, so the offsets that it returns are final for lower generations. A partition that no
   * shard knows begins at `start`. Repeat it after a failure.
   * @throws WeirError FENCED when a shard has a higher generation; SOURCE_LOST when a shard has lost its offsets, has
   * those of another incarnation, or began elsewhere than another; INVALID_ARGUMENT, DEADLINE_EXCEEDED, CANCELLED.
   */
  async acquire(
    generation: number,
    partitions: readonly SourceStart[],
    options?: CallOptions,
  ): Promise<readonly AcquiredPartition[]> {
    const what = `acquire ${partitions.length} partitions of source ${this.group} in generation ${generation}`;
    requireGeneration(what, generation);
    requireStarts(what, partitions);
    using scope = this.#calls.begin(what, options);
    const { group } = this;
    const recorded = await this.#onAll(scope, (client) => client.describe.bind(client), { group });
    const starts = agreedStarts(group, generation, partitions, recorded);
    const request = { group, generation, partitions: starts };
    const stored = await this.#onAll(scope, (client) => client.acquire.bind(client), request);
    return starts.map(({ partition }, i) => {
      const offsets = stored.map(({ shard, partitions: answered }) => ({ shard, offset: answered[i]! }));
      // Two that begin a group at the same time may have recorded a start each.
      requireOneStart(group, offsets);
      return {
        partition,
        start: offsets[0]!.offset.start,
        offsets: offsets.map(({ shard, offset }) => ({ shard, applied: offset.applied })),
      };
    });
  }

  /** What each shard has, in the order of the routing table. */
  async describe(options?: CallOptions): Promise<readonly ShardOffsets[]> {
    using scope = this.#calls.begin(`describe source ${this.group}`, options);
    return await this.#onAll(scope, (client) => client.describe.bind(client), { group: this.group });
  }

  /**
   * Forgets offsets on every shard, while rows stay: an operator's decision, since the next acquire's `start` says what
   * is applied once more, or never. Repeat it after a failure.
   * @param partitions none: all of the group.
   * @returns what each shard has forgotten.
   */
  async reset(partitions: readonly number[], options?: CallOptions): Promise<readonly ShardOffsets[]> {
    const what = `reset source ${this.group}`;
    requirePartitions(what, partitions);
    using scope = this.#calls.begin(what, options);
    const request = { group: this.group, partitions: [...partitions] };
    return await this.#onAll(scope, (client) => client.reset.bind(client), request);
  }

  /** Asks all shards at once. */
  async #onAll<Request>(
    scope: CallScope,
    method: (client: SourcesClient) => Method<Request, { partitions: SourceOffset[] }>,
    request: Request,
  ): Promise<ShardOffsets[]> {
    scope.throwIfEnded();
    return await Promise.all(
      this.#router.shards.map(async ({ connection }) => {
        const { id: shard, channels, name } = connection;
        const attempt = async (): Promise<ShardOffsets> => {
          const client = channels.sourcesOver(connection.client, connection.address);
          const { partitions } = await callOnce(method(client), request, channels.metadata, scope, name);
          return { shard, partitions };
        };
        try {
          return await withRetries(scope, name, attempt, () => connection.unreachable());
        } catch (thrown) {
          const error = WeirError.from(thrown);
          if (scope.ended) throw error;
          throw inTermsOf(error, [], shard, { message: `${scope.what}: ${shard}: ${error.message}` });
        }
      }),
    );
  }
}
