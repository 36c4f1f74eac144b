// The routing table in force and the shards it names. One refresh runs at a time, whoever asks for it; a table
// of a lower epoch never replaces one of a higher.
import { CallScope } from './call-scope.ts';
import type { ClientContext } from './client-context.ts';
import { fetchFromSeeds, fetchRouting } from './fetch-routing.ts';
import { SEED_TIMEOUT_MS } from './limits.ts';
import type { RoutingTable, ShardAddress } from './routing.ts';
import { Shard } from './shard.ts';

export class Router {
  readonly context: ClientContext;
  readonly #seeds: readonly string[];
  readonly #shards = new Map<string, Shard>();
  #current: RoutingTable;
  #refreshing: Promise<void> | undefined;
  #refreshScope: CallScope | undefined;
  #closed = false;

  constructor(routing: RoutingTable, context: ClientContext, seeds: readonly string[]) {
    this.context = context;
    this.#seeds = seeds;
    this.#current = routing;
    this.#adopt(routing);
  }

  get current(): RoutingTable {
    return this.#current;
  }

  /** Every shard of the routing table in force, in its order. */
  get shards(): readonly Shard[] {
    return this.#current.shards.map(({ id }) => this.shard(id));
  }

  /** A shard by id, also one that the routing table no longer names. */
  shard(id: string): Shard {
    return this.#shards.get(id)!;
  }

  /**
   * Fetches the routing table again, unless the one in force already has `epoch`, which a shard told us of.
   * A refresh that finds nobody leaves the table as it is: the caller tries its shard again and comes back.
   */
  async refresh(scope: CallScope, epoch?: number): Promise<void> {
    if (epoch !== undefined && this.#current.epoch >= epoch && epoch > 0) return;
    await Promise.race([this.#refresh(), scope.done]);
    scope.throwIfEnded();
  }

  close(): void {
    this.#closed = true;
    this.#refreshScope?.cancel('the client is closed');
    for (const shard of this.#shards.values()) shard.close();
  }

  /** Waits until every push that was given a number is settled. */
  async settled(): Promise<void> {
    await Promise.all([...this.#shards.values()].map((shard) => shard.pushes.settled()));
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#fetchFromAny().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Asks every shard, since any may be the first to know better; the seeds only when none answers. */
  async #fetchFromAny(): Promise<void> {
    using scope = new CallScope('refreshing the routing table', {}, SEED_TIMEOUT_MS);
    this.#refreshScope = scope;
    const answers = await Promise.allSettled(
      this.shards.map(({ connection }) =>
        fetchRouting(connection.client, this.context.channels, scope, connection.name),
      ),
    );
    const tables = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    if (tables.length === 0 && !this.#closed) {
      const found = await fetchFromSeeds(this.#seeds, this.context.channels, scope).catch(() => undefined);
      if (found !== undefined) tables.push(found);
    }
    if (this.#closed) return;
    for (const routing of tables) this.#adopt(routing);
  }

  #adopt(routing: RoutingTable): void {
    if (routing.epoch < this.#current.epoch) return;
    this.#current = routing;
    for (const address of routing.shards) {
      const known = this.#shards.get(address.id);
      if (known !== undefined) known.moveTo(address.address);
      else this.#shards.set(address.id, this.#newShard(address));
    }
  }

  #newShard(address: ShardAddress): Shard {
    return new Shard(address, this.context, () => {
      if (!this.#closed) void this.#refresh();
    });
  }
}
