// The pace of members against real shards, one of which is killed in between.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, startCluster } from '@weir/ps/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Group, type Weir } from './index.ts';

let cluster: Cluster;
let weir: Weir;
beforeAll(async () => {
  cluster = await startCluster({ shards: 1 });
  weir = await connect({ seeds: cluster.seeds, clientId: 'test' });
});
afterAll(async () => {
  await weir?.close();
  await cluster?.stop();
});

/** A member that works, and what it has done. */
class Worker {
  readonly group: Group;
  ended = 0;
  /** The most that it was told that it is ahead. */
  aheadMax = 0;

  constructor(group: Group) {
    this.group = group;
  }

  async work(windows: number, aheadMax: number, windowMs = 0): Promise<void> {
    for (let i = 0; i < windows; i++) {
      this.aheadMax = Math.max(this.aheadMax, await this.group.pace.begin(aheadMax));
      await (windowMs > 0 ? sleep(windowMs) : Promise.resolve());
      this.ended++;
      this.group.pace.end();
    }
  }
}

async function workers(name: string, members: readonly string[], leaseMs = 5_000): Promise<Worker[]> {
  const groups = [];
  for (const member of members) groups.push(await weir.group(name, { member, leaseMs }));
  return groups.map((group) => new Worker(group));
}

describe('the pace of a group', () => {
  it('keeps a fast member near a slow one, also while the shard is killed and comes back', async () => {
    const [fast, slow] = (await workers('paced', ['fast', 'slow'])) as [Worker, Worker];
    await slow.work(1, 2);
    let largest = 0;
    const watching = setInterval(() => {
      if (slow.ended < 30) largest = Math.max(largest, fast.ended - slow.ended);
    }, 0);
    const killed = (async () => {
      await sleep(60);
      await cluster.kill(0);
      await cluster.restart(0);
    })();
    // It goes ahead as far as it may, until nobody need be waited for.
    const slowly = slow.work(29, 2, 5).then(() => slow.group.pace.rest());
    await Promise.all([slowly, fast.work(32, 2), killed]);
    clearInterval(watching);
    expect(fast.aheadMax).toBe(2);
    // It begins at most two ahead; with the window that it ends it is three.
    expect(largest).toBeLessThanOrEqual(3);
    await Promise.all([fast.group.leave(), slow.group.leave()]);
  });

  it('goes on without members that rest or have left, and lets who comes back begin where the others are', async () => {
    const [a, b, c] = (await workers('resting', ['a', 'b', 'c'])) as [Worker, Worker, Worker];
    await Promise.all([b.work(1, 0), c.work(1, 0)]);
    b.group.pace.rest();
    await c.group.leave();
    await a.work(300, 0);
    await b.work(1, 0);
    expect(b.group.pace.slowest).toBeGreaterThanOrEqual(299);
    await Promise.all([a.work(20, 0), b.work(20, 0)]);
    await Promise.all([a.group.leave(), b.group.leave()]);
  });

  it('waits for a member that is gone until its lease expires, and ends a wait when the signal aborts', async () => {
    const [living] = await workers('dying', ['living']);
    const other = await connect({ seeds: cluster.seeds, clientId: 'other' });
    const dead = new Worker(await other.group('dying', { member: 'dead', leaseMs: 500 }));
    await dead.work(1, 0);
    await other.close();
    const aborted = living!.group.pace.begin(0, { signal: AbortSignal.timeout(50) });
    await aborted.then(
      () => living!.group.pace.end(),
      (error: unknown) => expect(error).toMatchObject({ code: 'CANCELLED' }),
    );
    await living!.work(10, 0);
    expect(living!.group.members).toEqual(['living']);
    await living!.group.leave();
    await expect(living!.group.pace.begin(0)).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('says that a step is called, to those who have not contributed', async () => {
    const [a, b] = (await workers('called', ['a', 'b'])).map(({ group }) => group) as [Group, Group];
    for await (const { members } of a.changes()) if (members.length === 2) break;
    const heard = (async () => {
      for await (const step of b.calledSteps()) if (step === 1) return;
    })();
    expect(b.stepCalled).toBe(false);
    const waiting = a.sync(1, []);
    await heard;
    expect(b.stepCalled).toBe(true);
    await Promise.all([waiting, b.sync(1, [])]);
    expect(b.stepCalled).toBe(false);
    await Promise.all([a.leave(), b.leave()]);
  });
});
