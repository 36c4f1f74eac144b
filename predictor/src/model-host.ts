// Which model is served, and how another static part takes its place while requests are answered: the new model is opened and its
// rows are brought beside the old one, then one assignment makes it the one that every later answer uses.
import { setTimeout as delay } from 'node:timers/promises';
import { WeirError } from '@weir/proto';
import type { ModelVersion } from '@weir/proto/v1/common';
import { REPLICA_POLL_MS, SWAP_TIMEOUT_MS } from './limits.ts';
import type { ModelSource } from './open-model.ts';
import type { ServedModel } from './served-model.ts';

export interface ModelHostOptions {
  readonly open: (source: ModelSource, accept: (version: ModelVersion) => void) => Promise<ServedModel>;
  /** Told of each model that takes another's place. */
  readonly onSwapped: (version: ModelVersion) => void;
}

export class ModelHost {
  readonly #options: ModelHostOptions;
  #current: ServedModel;
  #isSwapping = false;
  /** Of models that answers under way still use. */
  readonly #retiring = new Set<Promise<void>>();

  constructor(first: ServedModel, options: ModelHostOptions) {
    this.#current = first;
    this.#options = options;
  }

  get current(): ServedModel {
    return this.#current;
  }

  /**
   * Resolves when the new model answers.
   * @throws WeirError CONFIGURATION when it does not fit, or asks for the tables of another static part; UNAVAILABLE when its rows do
   * not come in time, OVERLOADED while another swap is under way. The model that is served stays in all these cases.
   */
  async swap(staticFile: string, tableSet: string): Promise<ModelVersion> {
    if (this.#isSwapping) throw new WeirError('OVERLOADED', 'another static part is being brought in');
    this.#isSwapping = true;
    try {
      const source = { staticFile, tableSet, freezeAfter: undefined };
      const next = await this.#options.open(source, (version) => {
        requireOtherTables(this.#current.version, version);
      });
      try {
        await untilWhole(next);
      } catch (error) {
        await next.close();
        throw error;
      }
      const retiring = this.#current.retire().finally(() => this.#retiring.delete(retiring));
      this.#retiring.add(retiring);
      this.#current = next;
      this.#options.onSwapped(next.version);
      return next.version;
    } finally {
      this.#isSwapping = false;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#current.close(), ...this.#retiring]);
  }
}

function requireOtherTables(served: ModelVersion, next: ModelVersion): void {
  if (served.tableSet !== next.tableSet || served.staticHash === next.staticHash) return;
  throw new WeirError(
    'CONFIGURATION',
    `another static part needs another table set: what "${served.tableSet}" holds was learned with the static part ` +
      `${served.staticHash}, not with ${next.staticHash}; name a table set that trainers of the new one learn`,
  );
}

async function untilWhole(model: ServedModel): Promise<void> {
  for (let waitedMs = 0; !model.whole; waitedMs += REPLICA_POLL_MS) {
    if (waitedMs >= SWAP_TIMEOUT_MS) {
      const message = `rows of the table set "${model.version.tableSet}" did not come within ${SWAP_TIMEOUT_MS} ms`;
      throw new WeirError('UNAVAILABLE', message);
    }
    await delay(REPLICA_POLL_MS);
  }
}
