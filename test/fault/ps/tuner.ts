// A client that changes a table's learning rate between its pushes: each update must be computed, and replayed after a
// kill, with the rate of its own position in the log.
import { setTimeout as delay } from 'node:timers/promises';
import type { Optimizer } from '@weir/proto';
import { OutcomeUnknownError, type Table } from '@weir/sdk';
import { RawClient } from '../../../ps/src/testing/raw-client.ts';
import { ReferenceRow, tolerance } from './reference.ts';
import { TUNED } from './tables.ts';

const KEYS = 8;
const TIMEOUT_MS = 40_000;
const RETRY_MS = 30;

export class Tuner {
  readonly #raw: RawClient;
  readonly #table: Table;
  readonly #random: () => number;
  readonly #rows: ReferenceRow[];
  #optimizer: Optimizer & { readonly kind: 'momentum' } = TUNED.optimizer;

  constructor(address: string, table: Table, random: () => number) {
    this.#raw = new RawClient(address);
    this.#table = table;
    this.#random = random;
    this.#rows = Array.from({ length: KEYS }, () => new ReferenceRow([0, 0], this.#optimizer));
  }

  async run(ended: () => boolean): Promise<void> {
    while (!ended()) await (this.#random() < 0.4 ? this.#alter() : this.#push());
  }

  /** @returns what is wrong, in words. */
  async check(): Promise<string[]> {
    const found = await this.#table.pull(BigUint64Array.from(this.#rows.keys(), BigInt));
    const expected = this.#rows.flatMap(({ weights }) => [...weights]);
    return expected.flatMap((weight, i) =>
      Math.abs(weight - found[i]!) <= tolerance(this.#optimizer, weight)
        ? []
        : [`the altered table, weight ${i}: ${found[i]}, not ${weight}`],
    );
  }

  close(): void {
    this.#raw.close();
  }

  async #push(): Promise<void> {
    const rows = 1 + Math.floor(this.#random() * 6);
    const keys = Array.from({ length: rows }, () => Math.floor(this.#random() * KEYS));
    const gradients = Float32Array.from({ length: rows * TUNED.dim }, () => 0.25 + this.#random());
    let push = () =>
      this.#table.push(BigUint64Array.from(keys, BigInt), gradients, { timeoutMs: TIMEOUT_MS });
    for (;;) {
      try {
        await push();
        break;
      } catch (error) {
        if (!(error instanceof OutcomeUnknownError)) throw error;
        push = () => error.retry({ timeoutMs: TIMEOUT_MS });
      }
    }
    for (const [i, key] of keys.entries()) this.#rows[key]!.update(this.#optimizer, gradients, i * TUNED.dim);
  }

  /** The same again until the shard has said yes: it is idempotent. */
  async #alter(): Promise<void> {
    const learningRate = 0.01 + 0.05 * this.#random();
    for (;;) {
      try {
        const { tables } = await this.#raw.list();
        const spec = tables.find((table) => table.spec?.uid === this.#table.uid)!.spec!;
        await this.#raw.alter({ ...spec, optimizer: { ...spec.optimizer!, learningRate } });
        break;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'UNAVAILABLE')) throw error;
        await delay(RETRY_MS);
      }
    }
    this.#optimizer = { ...this.#optimizer, learningRate };
  }
}
