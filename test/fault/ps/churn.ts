// A table that is made and dropped over and over while clients push to it.
import type { Table, Weir } from '@weir/sdk';
import { CHURN } from './tables.ts';

const PAUSE_MS_MAX = 40;
const TIMEOUT_MS = 40_000;

export class Churn {
  /** The table while it is there, and sometimes a while longer. */
  current: Table | undefined;
  /** Uids of all that were dropped. */
  readonly gone = new Set<string>();
  readonly #weir: Weir;
  readonly #random: () => number;

  constructor(weir: Weir, random: () => number) {
    this.#weir = weir;
    this.#random = random;
  }

  /** Makes and drops until `ended`; now and then the last one stays. */
  async run(ended: () => boolean): Promise<void> {
    while (!ended()) {
      if (this.current === undefined) {
        await this.#weir.tables.create(CHURN, { timeoutMs: TIMEOUT_MS });
        this.current = await this.#weir.table(CHURN.name, { timeoutMs: TIMEOUT_MS });
      }
      await this.#pause();
      if (this.#random() < 0.2) continue;
      const { uid } = this.current;
      if (this.#random() < 0.7) this.current = undefined;
      await this.#weir.tables.drop(CHURN.name, { timeoutMs: TIMEOUT_MS });
      this.gone.add(uid);
      this.current = undefined;
      await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#random() * PAUSE_MS_MAX));
  }
}
