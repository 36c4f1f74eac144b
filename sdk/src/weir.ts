// The client of a cluster: what `connect` returns. It owns every connection and all calls under way.

import { keyCount, WeirError } from '@weir/proto';
import { type CallOptions, CallScope } from './call-scope.ts';
import { CallTrace } from './call-trace.ts';
import { Calls } from './calls.ts';
import { type Group, type JoinOptions, joinGroup } from './group.ts';
import { GroupCalls, GroupConnections } from './group-calls.ts';
import { GroupReader } from './group-reader.ts';
import { type LastChange, type LastChangesOptions, lastChanges } from './last-changes.ts';
import type { PushResult } from './outcome-unknown-error.ts';
import { pullRows } from './pull.ts';
import { Push } from './push.ts';
import type { Router } from './router.ts';
import type { RoutingTable } from './routing.ts';
import { describeShards, type ShardStatus } from './shard-status.ts';
import { encodedSources } from './source-ranges.ts';
import { Sources } from './sources.ts';
import { type SubscribeOptions, subscribeTable } from './subscribe.ts';
import { checkedRows, type PushOptions, Table, type TableClient, type TableGradients } from './table.ts';
import type { TableAdmin } from './table-admin.ts';
import type { TableDelta } from './table-delta.ts';
import { type Keys, packedView, qualifiedName, type TableRef } from './table-ref.ts';
import { Tables } from './tables.ts';

/**
 * A client of a cluster, from `connect`. It owns its connections; any number of calls may be under way at once. Close it, or hold
 * it with `await using`.
 */
export class Weir {
  /** Create, alter, list, describe, drop. */
  readonly tables: TableAdmin;
  readonly #router: Router;
  readonly #calls: Calls;
  readonly #tables: Tables;
  readonly #timeoutMs: number;
  readonly #closing = new AbortController();
  readonly #tableClient: TableClient;
  readonly #groupConnections: GroupConnections;
  /** Tables that pushes named by name. */
  readonly #byName = new Map<string, Table>();

  /** Use `connect`. */
  constructor(router: Router, timeoutMs: number) {
    this.#router = router;
    this.#timeoutMs = timeoutMs;
    this.#calls = new Calls(timeoutMs);
    this.#groupConnections = new GroupConnections(router.context.channels.openGroups);
    this.#tables = new Tables(router, this.#calls);
    this.tables = this.#tables;
    this.#tableClient = {
      pull: (table, keys, options) => this.#pull(table, keys, options),
      push: (parts, options) => this.push(parts, options),
      subscribe: (table, options) => this.#subscribe(table, options),
      lastChanges: (table, keys, options) => this.#lastChanges(table, keys, options),
    };
  }

  /** A table by its name, `namespace/name` or `name` of the namespace `default`. @throws WeirError TABLE_NOT_FOUND. */
  async table(name: string, options?: CallOptions): Promise<Table> {
    return new Table(await this.#tables.find(name, options), this.#tableClient);
  }

  /**
   * Updates rows of several tables as one push: atomic per shard (all tables' rows on one shard together), not
   * across shards. Otherwise as `Table.push`.
   */
  async push(parts: readonly TableGradients[], options: PushOptions = {}): Promise<PushResult> {
    const named = parts.some(({ table }) => typeof table === 'string');
    // Looking a name up takes time, in which the caller may change its arrays.
    const own = named
      ? parts.map(({ table, keys, gradients }) => ({
          table,
          keys: keys.slice(),
          gradients: gradients.slice(),
        }))
      : parts;
    const tables = named
      ? await Promise.all(parts.map(({ table }) => this.#resolve(table, options)))
      : parts.map(({ table }) => table as Table);
    const rows = own.map(({ keys, gradients }, i) => checkedRows(tables[i]!, keys, gradients));
    const to = tables.map(({ name }) => name).join(', ');
    const what =
      options.sources === undefined ? `push to ${to}` : `push of source ${options.sources.group} to ${to}`;
    requireDistinct(tables, what);
    const sources = options.sources && encodedSources(what, options.sources);
    using scope = this.#calls.begin(what, options);
    scope.throwIfEnded();
    const begin = (again: CallOptions) => this.#calls.begin(what, again);
    const push = new Push(this.#router, what, rows, options.originTimeMs ?? 0, sources, begin);
    const begunMs = performance.now();
    scope.trace = CallTrace.begin('push', rows);
    try {
      const result = await push.settle(scope);
      scope.trace?.end(undefined);
      this.#router.context.metrics.pushed(begunMs);
      return result;
    } catch (thrown) {
      const error = WeirError.from(thrown);
      scope.trace?.end(error);
      this.#router.context.metrics.pushed(begunMs, error.code);
      if (error.code === 'TABLE_NOT_FOUND') this.#byName.clear();
      throw error;
    }
  }

  /** A group to look at, without being a member. */
  group(name: string): GroupReader;
  /**
   * Joins a group: takes a lease, which is renewed in the background, and returns once this member is in it.
   * @throws WeirError INVALID_ARGUMENT, DEADLINE_EXCEEDED when its shard could not be reached, CANCELLED.
   */
  group(name: string, options: JoinOptions): Promise<Group>;
  group(name: string, options?: JoinOptions): GroupReader | Promise<Group> {
    const calls = new GroupCalls(name, this.#router, this.#calls, this.#groupConnections);
    return options === undefined ? new GroupReader(calls) : joinGroup(calls, options, this.#closing.signal);
  }

  /**
   * Source offsets of a group, which stand with the rows on every shard.
   * @throws WeirError INVALID_ARGUMENT when that is no name.
   */
  sources(group: string): Sources {
    return new Sources(group, this.#router, this.#calls);
  }

  /** Slot -> shard, as last fetched. */
  routing(): RoutingTable {
    return this.#router.current;
  }

  /** What every shard says of itself; a shard that does not answer is listed with its error. */
  async describeShards(options?: CallOptions): Promise<ShardStatus[]> {
    using scope = this.#calls.begin('describe shards', options);
    return await describeShards(this.#router.shards, scope);
  }

  /**
   * Lets no further call begin, waits until those under way are done and every push that was sent is settled,
   * then closes.
   * @throws WeirError DEADLINE_EXCEEDED when something is still under way; it is closed all the same.
   */
  async drain(options: CallOptions = {}): Promise<void> {
    using scope = new CallScope('drain', options, this.#timeoutMs);
    try {
      await this.#calls.drain(scope);
      await Promise.race([this.#router.settled(), scope.done]);
      scope.throwIfEnded();
    } finally {
      await this.close();
    }
  }

  /** Ends everything at once: calls under way get CANCELLED (pushes that were sent: OUTCOME_UNKNOWN). */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#calls.close();
    this.#router.close();
    this.#groupConnections.close();
  }

  /** As `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #pull(table: TableRef, keys: Keys, options: CallOptions | undefined): Promise<Float32Array> {
    const packed = packedView(keys, table.name);
    using scope = this.#calls.begin(`pull of ${table.name}`, options);
    scope.throwIfEnded();
    if (keyCount(packed) === 0) return new Float32Array(0);
    const { metrics } = this.#router.context;
    scope.trace = CallTrace.begin('pull', [{ table, keys: packed }]);
    const begunMs = performance.now();
    try {
      const rows = await pullRows(this.#router, table, packed, scope);
      scope.trace?.end(undefined);
      metrics.pulled(begunMs);
      return rows;
    } catch (thrown) {
      const error = WeirError.from(thrown);
      scope.trace?.end(error);
      metrics.pulled(begunMs, error.code);
      throw error;
    }
  }

  #subscribe(table: TableRef, options: SubscribeOptions = {}): AsyncIterable<TableDelta> {
    return subscribeTable(this.#router, table, options, this.#closing.signal);
  }

  async #lastChanges(table: TableRef, keys: Keys, options: LastChangesOptions = {}): Promise<LastChange[]> {
    const packed = packedView(keys, table.name);
    using scope = this.#calls.begin(`last changes of ${table.name}`, options);
    scope.throwIfEnded();
    return await lastChanges(this.#router, table, packed, options.at, scope);
  }

  async #resolve(table: Table | string, options: CallOptions): Promise<Table> {
    if (typeof table !== 'string') return table;
    const name = qualifiedName(table);
    const known = this.#byName.get(name) ?? (await this.table(name, options));
    this.#byName.set(name, known);
    return known;
  }
}

/** A refusal names a table and a row of it, so a table has one list of rows. */
function requireDistinct(tables: readonly Table[], what: string): void {
  if (tables.length === 1 || new Set(tables.map(({ uid }) => uid)).size === tables.length) return;
  throw new WeirError('INVALID_ARGUMENT', `${what}: a table stands twice; join its rows into one part`);
}
