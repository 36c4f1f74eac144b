// Rows that say how far canaries came: their tokens, one row on each shard, in a table of their own. They are pushed with the
// window that the canary came in, by the same path as gradients. The table is made when the first canary comes.
import { qualifiedTableName } from '@weir/model';
import { CANARY_TABLE, canaryKeys } from '@weir/proto';
import type { Table, TableGradients, Weir } from '@weir/sdk';
import type { Window } from './core/window.ts';
import { type OnRetry, persist } from './retry.ts';

export class CanaryRows {
  readonly #weir: Weir;
  readonly #name: string;
  #table: Table | undefined;

  constructor(weir: Weir, tableSet: string) {
    this.#weir = weir;
    this.#name = qualifiedTableName(tableSet, CANARY_TABLE);
  }

  /** What a window adds to its push. To be awaited before the push is begun: pushes go in the order of their windows. */
  async of({ requests }: Window, onRetry: OnRetry, signal: AbortSignal): Promise<TableGradients[]> {
    const token = requests.findLast(({ request }) => request.canary !== undefined)?.request.canary;
    if (token === undefined) return [];
    this.#table ??= await persist('look-up', () => this.#open(signal), onRetry, signal);
    const { slots, shards } = this.#weir.routing();
    const keys = canaryKeys(slots, shards.length);
    return [{ table: this.#table, keys, gradients: new Float32Array(keys.length >>> 1).fill(token) }];
  }

  async #open(signal: AbortSignal): Promise<Table> {
    await this.#weir.tables.create({ ...CANARY_TABLE, name: this.#name }, { signal });
    return await this.#weir.table(this.#name, { signal });
  }
}
