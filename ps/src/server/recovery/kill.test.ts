// kill -9 under load: real processes, several clients, rounds in between. Every push counts exactly once, and the
// rows are bit for bit those of a kernel that saw the same pushes undisturbed. More kills, at more moments and also where the
// power fails: `npm run test:fault -- --suite ps`.
import { randomInt } from 'node:crypto';
import { packKeys } from '@weir/proto';
import { OptimizerKind, type TableSpec } from '@weir/proto/v1/tables';
import { describe, expect, it } from 'vitest';
import { createRowTable } from '../../kernel-wasm/load-kernel.ts';
import { type Cluster, startCluster } from '../../testing/cluster.ts';
import { pushPart, pushRequest, RawClient, sumTable, tableSpec } from '../../testing/raw-client.ts';

const CLIENTS = 3;
const PUSHES = 400;
const KILLS = 2;
const WINDOW = 24;
const KEYS_PER_CLIENT = 60;
const SUM = sumTable('sum', 1);
const ADAGRAD = tableSpec('adagrad', 3, {
  kind: OptimizerKind.ADAGRAD,
  learningRate: 0.1,
  initialAccumulator: 0.01,
});

/** A small generator of numbers below 2^32 (mulberry32, Tommy Ettinger, public domain). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

interface Update {
  readonly keys: bigint[];
  readonly values: number[];
}

/** The Adagrad part of a client's push: keys are the client's own, so that their order is its numbers' order. */
function adagradPart(client: number, number: number): Update {
  const random = generator(client * 100_000 + number);
  const keys = Array.from({ length: 8 }, () => BigInt(client * 1000 + (random() % KEYS_PER_CLIENT)));
  const values = keys.flatMap(() => [1, 2, 3].map(() => Math.fround(random() / 2 ** 31 - 1)));
  return { keys, values };
}

class Pusher {
  readonly #client: number;
  acknowledged = 0;

  constructor(client: number) {
    this.#client = client;
  }

  /** Sends from the last acknowledged push on, until all are acknowledged or the connection breaks. */
  async run(address: string, progress: () => void): Promise<void> {
    const client = new RawClient(address);
    const stream = client.pushStream();
    let sent = this.acknowledged;
    try {
      while (this.acknowledged < PUSHES) {
        while (sent < Math.min(PUSHES, this.acknowledged + WINDOW)) stream.send(this.#push(++sent));
        const response = await stream.next();
        if (response === undefined) return;
        expect(response.refusals).toEqual([]);
        this.acknowledged = response.through;
        progress();
      }
    } catch {
      // The shard is gone; what is not acknowledged goes again.
    } finally {
      stream.cancel();
      client.close();
    }
  }

  #push(number: number) {
    const { keys, values } = adagradPart(this.#client, number);
    return pushRequest(
      number,
      [pushPart(ADAGRAD.uid, keys, values), pushPart(SUM.uid, [1n, BigInt(2 + this.#client)], [1, 1])],
      { client: { id: `pusher-${this.#client}`, incarnation: 'kill-test' } },
    );
  }
}

/** Weights of these keys after the updates, as 32-bit patterns. */
function expectedBits(spec: TableSpec, updates: readonly Update[], keys: readonly bigint[]): Uint32Array {
  const table = createRowTable(spec);
  for (const [i, { keys: updated, values }] of updates.entries()) {
    table.push(packKeys(BigUint64Array.from(updated)), Float32Array.from(values), i + 1);
  }
  const out = new Float32Array(keys.length * spec.dim);
  table.pull(packKeys(BigUint64Array.from(keys)), out);
  return new Uint32Array(out.buffer);
}

async function materialise(cluster: Cluster): Promise<void> {
  const url = `http://${cluster.admins[0]}/materialise`;
  await fetch(url, { method: 'POST', body: '{}' }).catch(() => undefined);
}

describe('kill -9', () => {
  const seed = Number(process.env.WEIR_SEED ?? randomInt(2 ** 31));

  it(`loses no acknowledged push and applies none twice (WEIR_SEED=${seed})`, async () => {
    const random = generator(seed);
    await using cluster = await startCluster({ shards: 1 });
    const admin = new RawClient(cluster.seeds[0]!);
    await admin.create(SUM);
    await admin.create(ADAGRAD);
    const pushers = Array.from({ length: CLIENTS }, (_, i) => new Pusher(i));
    const total = () => pushers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);

    for (let kill = 0; kill <= KILLS; kill++) {
      const killAt = kill < KILLS ? total() + (random() % ((CLIENTS * PUSHES) / (KILLS + 1))) : Infinity;
      const roundAt = total() + (random() % 150);
      let rounding: Promise<void> | undefined;
      let killing: Promise<void> | undefined;
      const progress = () => {
        if (total() >= roundAt) rounding ??= materialise(cluster);
        if (total() >= killAt) killing ??= cluster.kill(0);
      };
      await Promise.all(pushers.map((pusher) => pusher.run(cluster.seeds[0]!, progress)));
      await rounding;
      await killing;
      if (killing !== undefined) await cluster.restart(0);
    }

    for (const when of ['after the last push', 'after one more kill']) {
      if (when === 'after one more kill') {
        await cluster.kill(0);
        await cluster.restart(0);
      }
      const client = new RawClient(cluster.seeds[0]!);
      const sums = await client.rows(SUM.uid, [1n, 2n, 3n, 4n]);
      expect([...sums], when).toEqual([CLIENTS * PUSHES, PUSHES, PUSHES, PUSHES]);
      for (let i = 0; i < CLIENTS; i++) {
        const updates = Array.from({ length: PUSHES }, (_, n) => adagradPart(i, n + 1));
        const keys = Array.from({ length: KEYS_PER_CLIENT }, (_, k) => BigInt(i * 1000 + k));
        const rows = await client.rows(ADAGRAD.uid, keys);
        const bits = new Uint32Array(rows.buffer, rows.byteOffset, rows.length);
        expect(bits, when).toEqual(expectedBits(ADAGRAD, updates, keys));
      }
      client.close();
    }
    admin.close();
  });
});
