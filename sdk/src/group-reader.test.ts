// What who is no member follows of a group, over a restart of its shard.
import { startCluster } from '@weir/ps/testing';
import { expect, it } from 'vitest';
import { connect, type GroupResult } from './index.ts';

it('the results of a group are followed from before it exists, over a restart of its shard, to the newest', async () => {
  await using cluster = await startCluster({ shards: 2 });
  await using weir = await connect({ seeds: cluster.seeds, clientId: 'test' });
  const following = new AbortController();
  const results = weir.group('followed').results({ signal: following.signal });
  const first = results.next();
  const group = await weir.group('followed', { member: 'a', leaseMs: 60_000 });
  const step = (value: number) =>
    group.sync(group.nextStep, [{ name: 'v', type: 'f32', reduce: 'sum', value: Float32Array.of(value) }]);
  await step(7);
  expect((await first).value).toMatchObject({ step: 1, parts: [{ name: 'v', value: Float32Array.of(7) }] });

  const next = results.next();
  for (const shard of [0, 1]) await cluster.kill(shard);
  for (const shard of [0, 1]) await cluster.restart(shard);
  await step(8);
  expect((await next).value).toMatchObject({ step: 2 });

  // Who reads slowly gets the newest.
  for (let value = 9; value < 14; value++) await step(value);
  let newest: GroupResult | undefined;
  while (newest?.step !== 7) newest = (await results.next()).value as GroupResult;
  expect(newest.parts[0]!.value).toEqual(Float32Array.of(13));
  following.abort();
  expect((await results.next()).done).toBe(true);
  await group.leave();
});
