// What the predictor knows of canaries: the rows of their table, by a replica of its own that is fed as the model's are. It
// is opened when the first canary asks, and again when another table set is served.
import { qualifiedTableName } from '@weir/model';
import { CANARY_TABLE, canaryKeys, WeirError } from '@weir/proto';
import type { Weir } from '@weir/sdk';
import { Replica } from './replica.ts';

interface Following {
  readonly tableSet: string;
  readonly opened: Promise<Replica>;
  readonly ending: AbortController;
}

export class CanaryRows {
  readonly #weir: Weir;
  #following: Following | undefined;

  constructor(weir: Weir) {
    this.#weir = weir;
  }

  /** The token that has come from every shard; 0: from some shard another, or none. @throws WeirError as the SDK does. */
  async token(tableSet: string): Promise<number> {
    if (this.#following?.tableSet !== tableSet) this.#follow(tableSet);
    const replica = await this.#following!.opened.catch((error: unknown) => {
      // The trainer makes the table with the first canary; a predictor that may only read waits for that.
      if (WeirError.from(error).code === 'PERMISSION_DENIED') return undefined;
      throw error;
    });
    if (replica === undefined) return 0;
    const { slots, shards } = this.#weir.routing();
    const keys = canaryKeys(slots, shards.length);
    const tokens = new Float32Array(keys.length >>> 1);
    replica.gather(keys, tokens);
    return tokens.every((token) => token === tokens[0]) ? (tokens[0] ?? 0) : 0;
  }

  close(): void {
    this.#following?.ending.abort();
  }

  #follow(tableSet: string): void {
    this.close();
    const ending = new AbortController();
    const following = { tableSet, ending, opened: this.#open(tableSet, ending.signal) };
    this.#following = following;
    // The next canary tries again.
    following.opened.catch(() => {
      if (this.#following === following) this.#following = undefined;
    });
  }

  async #open(tableSet: string, signal: AbortSignal): Promise<Replica> {
    const name = qualifiedTableName(tableSet, CANARY_TABLE);
    await this.#weir.tables.create({ ...CANARY_TABLE, name });
    const table = await this.#weir.table(name);
    const replica = new Replica(
      CANARY_TABLE.dim,
      this.#weir.routing().shards.map(({ id }) => id),
    );
    const read = async (): Promise<void> => {
      for await (const delta of table.subscribe({ signal })) replica.apply(delta);
    };
    void read().catch(() => {
      // The table is gone, or a shard is new: the next canary opens it anew.
      if (this.#following?.tableSet === tableSet) this.#following = undefined;
    });
    return replica;
  }
}
