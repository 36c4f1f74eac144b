// Table admin over all shards. One shard, the home of the table's name, decides: a table is created and altered
// there first and dropped there last, so that two clients creating one name agree on one uid, and what was interrupted can
// be repeated until it is whole.
import { randomBytes, randomUUID } from 'node:crypto';
import type { TableDefinition } from '@weir/proto';
import { WeirError } from '@weir/proto';
import type { TableState } from '@weir/proto/v1/parameter_server';
import type { TableSpec as TableMessage } from '@weir/proto/v1/tables';
import type { CallOptions, CallScope } from './call-scope.ts';
import type { Calls } from './calls.ts';
import type { Router } from './router.ts';
import { homeShard } from './routing.ts';
import type { Shard } from './shard.ts';
import { changed, type TableChanges } from './table-changes.ts';
import { notFound, otherUid, requireSame } from './table-errors.ts';
import { qualifiedName } from './table-ref.ts';
import { decodeSpec, encodeSpec, type TableSpec } from './table-spec.ts';
import { callOnce, withRetries } from './unary.ts';

/** What one shard did. */
export interface ShardReport {
  readonly shard: string;
  /** False: it was so already. */
  readonly changed: boolean;
}

/** The table as it stands, and which shards had to make it. */
export interface CreatedTable {
  readonly spec: TableSpec;
  readonly shards: readonly ShardReport[];
}

/** The table as it stands, and which shards had to change it. */
export interface AlteredTable {
  /** As it is now. */
  readonly spec: TableSpec;
  readonly shards: readonly ShardReport[];
}

/** A table, its rows and their memory in bytes, in all and by shard. */
export interface TableDescription {
  readonly spec: TableSpec;
  /** Over all shards. */
  readonly rows: number;
  /** Memory, over all shards. */
  readonly bytes: number;
  readonly shards: readonly { readonly shard: string; readonly rows: number; readonly bytes: number }[];
}

export class Tables {
  readonly #router: Router;
  readonly #calls: Calls;

  constructor(router: Router, calls: Calls) {
    this.#router = router;
    this.#calls = calls;
  }

  /**
   * Makes the table on every shard, or finds it there with an equal definition. Repeat it after a failure.
   * @throws WeirError TABLE_EXISTS when the name stands for another definition, INVALID_ARGUMENT.
   */
  async create(definition: TableDefinition, options?: CallOptions): Promise<CreatedTable> {
    const drawn = encodeSpec(definition, randomUUID(), drawSeed());
    using scope = this.#calls.begin(`create table ${drawn.name}`, options);
    const home = this.#home(drawn.name);
    const others = this.#router.shards.filter((shard) => shard !== home);
    const first = await this.#createOn(home, await this.#asKept(drawn, home, others, scope), scope);
    const rest = await Promise.all(others.map((shard) => this.#createOn(shard, first.spec, scope)));
    for (const [i, { spec }] of rest.entries()) {
      if (spec.uid !== first.spec.uid) throw otherUid(spec, others[i]!);
    }
    return {
      spec: decodeSpec(first.spec),
      shards: [first, ...rest].map(({ shard, changed }) => ({ shard, changed })),
    };
  }

  /** Every table, by name. */
  async list(options?: CallOptions): Promise<TableDescription[]> {
    using scope = this.#calls.begin('list tables', options);
    const { shards } = this.#router;
    const states = await Promise.all(shards.map((shard) => this.#statesOn(shard, scope)));
    const byUid = new Map<
      string,
      { spec: TableMessage; shards: { shard: string; rows: number; bytes: number }[] }
    >();
    for (const [i, tables] of states.entries()) {
      for (const { spec, rows, bytes } of tables) {
        const known = byUid.get(spec!.uid) ?? { spec: spec!, shards: [] };
        byUid.set(spec!.uid, known);
        known.shards.push({ shard: shards[i]!.connection.id, rows, bytes });
      }
    }
    return [...byUid.values()]
      .map(({ spec, shards: parts }) => ({
        spec: decodeSpec(spec),
        rows: parts.reduce((sum, part) => sum + part.rows, 0),
        bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
        shards: parts,
      }))
      .sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  }

  /** @throws WeirError TABLE_NOT_FOUND. */
  async describe(name: string, options?: CallOptions): Promise<TableDescription> {
    const full = qualifiedName(name);
    const found = (await this.list(options)).find(({ spec }) => spec.name === full);
    if (found === undefined) throw notFound(full);
    return found;
  }

  /**
   * Changes a table's definition on every shard; pushes from then on are applied by the new one. Repeat it after a
   * failure: shards that have it already say so. What it sends is the whole definition, as the name's home has it but
   * for the changes: of two alters at a time, the later one stays.
   * @throws WeirError TABLE_NOT_FOUND; INVALID_ARGUMENT naming what is wrong or cannot change.
   */
  async alter(name: string, changes: TableChanges, options?: CallOptions): Promise<AlteredTable> {
    const full = qualifiedName(name);
    using scope = this.#calls.begin(`alter table ${full}`, options);
    const home = this.#home(full);
    const current = await this.#specOn(home, full, scope);
    if (current === undefined) throw notFound(full);
    const wanted = encodeSpec(changed(decodeSpec(current), changes), current.uid, current.seed);
    const first = await this.#alterOn(home, wanted, scope);
    const others = this.#router.shards.filter((shard) => shard !== home);
    const rest = await Promise.all(others.map((shard) => this.#alterOn(shard, first.spec, scope)));
    return {
      spec: decodeSpec(first.spec),
      shards: [first, ...rest].map(({ shard, changed: altered }) => ({ shard, changed: altered })),
    };
  }

  /**
   * Drops the table and its rows everywhere. Repeat it after a failure.
   * @throws WeirError TABLE_NOT_FOUND when no shard has it.
   */
  async drop(name: string, options?: CallOptions): Promise<{ readonly shards: readonly ShardReport[] }> {
    const full = qualifiedName(name);
    using scope = this.#calls.begin(`drop table ${full}`, options);
    const home = this.#home(full);
    const others = this.#router.shards.filter((shard) => shard !== home);
    const rest = await Promise.all(others.map((shard) => this.#dropOn(shard, full, scope)));
    const last = await this.#dropOn(home, full, scope);
    const shards = [...rest, last];
    if (!shards.some(({ changed }) => changed)) throw notFound(full);
    return { shards };
  }

  /**
   * The definition as the name's home has it.
   * @throws WeirError TABLE_NOT_FOUND.
   */
  async find(name: string, options?: CallOptions): Promise<TableSpec> {
    const full = qualifiedName(name);
    using scope = this.#calls.begin(`look up table ${full}`, options);
    const spec = await this.#specOn(this.#home(full), full, scope);
    if (spec === undefined) throw notFound(full);
    return decodeSpec(spec);
  }

  #home(name: string): Shard {
    return this.#router.shard(homeShard(name, this.#router.current).id);
  }

  /**
   * What the home is to have, which is the first to be given a table and the last to lose it. One that lacks what others have came
   * back with an empty folder: it gets the table under the others' uid, so that their rows stay.
   */
  async #asKept(
    drawn: TableMessage,
    home: Shard,
    others: readonly Shard[],
    scope: CallScope,
  ): Promise<TableMessage> {
    if ((await this.#specOn(home, drawn.name, scope)) !== undefined) return drawn;
    for (const shard of others) {
      const kept = await this.#specOn(shard, drawn.name, scope);
      if (kept === undefined) continue;
      const { uid, seed } = requireSame(kept, drawn, shard);
      return { ...drawn, uid, seed };
    }
    return drawn;
  }

  async #createOn(
    shard: Shard,
    wanted: TableMessage,
    scope: CallScope,
  ): Promise<ShardReport & { readonly spec: TableMessage }> {
    const { client, channels, name: where, id } = shard.connection;
    // Looked for first: who may use a table need not be one who may create it.
    const known = await this.#specOn(shard, wanted.name, scope);
    if (known !== undefined) return { shard: id, changed: false, spec: requireSame(known, wanted, shard) };
    try {
      const { spec, created } = await withRetries(scope, where, () =>
        callOnce(client.createTable.bind(client), { spec: wanted }, channels.metadata, scope, where),
      );
      return { shard: id, changed: created, spec: spec! };
    } catch (thrown) {
      const error = WeirError.from(thrown);
      if (error.code !== 'TABLE_EXISTS') throw error;
      // Somebody was faster.
      const spec = await this.#specOn(shard, wanted.name, scope);
      return { shard: id, changed: false, spec: requireSame(spec, wanted, shard, error) };
    }
  }

  async #alterOn(
    shard: Shard,
    wanted: TableMessage,
    scope: CallScope,
  ): Promise<ShardReport & { readonly spec: TableMessage }> {
    const { client, channels, name: where, id } = shard.connection;
    const { spec, altered } = await withRetries(scope, where, () =>
      callOnce(client.alterTable.bind(client), { spec: wanted }, channels.metadata, scope, where),
    );
    return { shard: id, changed: altered, spec: spec! };
  }

  async #dropOn(shard: Shard, name: string, scope: CallScope): Promise<ShardReport> {
    const { client, channels, name: where, id } = shard.connection;
    const spec = await this.#specOn(shard, name, scope);
    if (spec === undefined) return { shard: id, changed: false };
    // A repeat after a lost answer finds nothing to drop, and has dropped it all the same.
    await withRetries(scope, where, () =>
      callOnce(client.dropTable.bind(client), { uid: spec.uid }, channels.metadata, scope, where),
    );
    return { shard: id, changed: true };
  }

  async #specOn(shard: Shard, name: string, scope: CallScope): Promise<TableMessage | undefined> {
    const states = await this.#statesOn(shard, scope);
    return states.find(({ spec }) => spec?.name === name)?.spec;
  }

  async #statesOn({ connection }: Shard, scope: CallScope): Promise<TableState[]> {
    const { client, channels, name: where } = connection;
    const { tables } = await withRetries(scope, where, () =>
      callOnce(client.listTables.bind(client), {}, channels.metadata, scope, where),
    );
    return tables;
  }
}

/** Below 2^53, so that it is exact as a number. */
function drawSeed(): number {
  return Number(randomBytes(8).readBigUInt64LE() >> 11n);
}
