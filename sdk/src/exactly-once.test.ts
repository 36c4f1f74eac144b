// Shards are killed and started again while clients push: every push counts once, and a subscriber ends up with
// the rows that a pull gives. WEIR_SEED replays the choice of shards and keys. `npm run test:fault -- --suite ps` kills more.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, startCluster } from '@weir/ps/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type CallOptions,
  connect,
  OutcomeUnknownError,
  type PushResult,
  type Table,
  WeirError,
} from './index.ts';
import { MapReplica } from './testing/map-replica.ts';
import { randomFrom } from './testing/random.ts';

const SEED = Number(process.env.WEIR_SEED ?? Date.now() % 1_000_000);
const KEYS = 5_000;
/** Big pushes, many at once: then a kill finds pushes that are in the log and not acknowledged. */
const KEYS_PER_PUSH = 1_000;
/** Small ones are merged while they wait for a shard that is away. */
const KEYS_PER_SMALL_PUSH = 20;
const PUSHERS = 24;
/** Some give up early, and go on where they stopped. */
const IMPATIENT_MS = 30;
const KILLS = 3;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ shards: 3 });
});
afterAll(() => cluster?.stop());

it(`counts every push once over kill -9 of shards, and keeps a subscriber equal (WEIR_SEED=${SEED})`, async () => {
  const random = randomFrom(SEED);
  await using weir = await connect({ seeds: cluster.seeds, clientId: 'pusher' });
  await weir.tables.create({ name: 'count', dim: 1, optimizer: { kind: 'sum' } });
  const table = await weir.table('count');

  const replica = new MapReplica();
  const ending = new AbortController();
  let heard = (): void => {};
  const following = (async () => {
    for await (const delta of table.subscribe({ signal: ending.signal, intervalMs: 10 })) {
      replica.apply(delta);
      heard();
    }
  })();

  const expected = new Float32Array(KEYS);
  const positions = new Map<string, number>();
  let pushes = 0;
  let pushing = true;
  const pusher = async (_: unknown, index: number): Promise<void> => {
    const options = index % 2 === 0 ? {} : { timeoutMs: IMPATIENT_MS };
    const keysPerPush = index % 3 === 0 ? KEYS_PER_PUSH : KEYS_PER_SMALL_PUSH;
    while (pushing) {
      const keys = BigUint64Array.from({ length: keysPerPush }, () => BigInt(Math.floor(random() * KEYS)));
      for (const key of keys) expected[Number(key)]!++;
      const { acks } = await pushOnce(table, keys, options);
      for (const { shard, seq } of acks) positions.set(shard, Math.max(seq, positions.get(shard) ?? 0));
      pushes++;
    }
  };
  const pushers = Array.from({ length: PUSHERS }, pusher);
  for (let kill = 0; kill < KILLS; kill++) {
    const before = pushes;
    while (pushes < before + 20) await sleep(2);
    const shard = Math.floor(random() * 3);
    await cluster.kill(shard);
    await cluster.restart(shard);
  }
  pushing = false;
  await Promise.all(pushers);

  const all = BigUint64Array.from({ length: KEYS }, (_, i) => BigInt(i));
  const rows = await table.pull(all);
  expect(rows).toEqual(expected);

  const acks = [...positions].map(([shard, seq]) => ({ shard, seq }));
  while (!replica.has(acks)) {
    await new Promise<void>((resolve) => {
      heard = resolve;
    });
  }
  ending.abort();
  await following;
  expect(Float32Array.from(all, (key) => replica.get(key)?.[0] ?? 0)).toEqual(rows);
  // One of each shard, and another where a kill came into it; after a restart a cursor goes on.
  expect(replica.snapshots).toBeGreaterThanOrEqual(3);
  expect(replica.deltas).toBeGreaterThan(0);
});

/** Until it is applied: a retry where something had left, a fresh push where nothing had. */
async function pushOnce(table: Table, keys: BigUint64Array, options: CallOptions): Promise<PushResult> {
  const gradients = new Float32Array(keys.length).fill(1);
  let push = (): Promise<PushResult> => table.push(keys, gradients, options);
  for (;;) {
    try {
      return await push();
    } catch (error) {
      if (error instanceof OutcomeUnknownError) push = () => error.retry(options);
      else if (!(error instanceof WeirError) || error.code !== 'DEADLINE_EXCEEDED') throw error;
    }
  }
}
