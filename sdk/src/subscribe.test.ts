// Subscriptions against a shard that is written to the test's wishes.
import { Metadata, status } from '@grpc/grpc-js';
import { bytesOf } from '@weir/proto';
import type { Cursor, Delta } from '@weir/proto/v1/parameter_server';
import { afterEach, describe, expect, it } from 'vitest';
import { connect, type SubscribeOptions, type Table, type Weir } from './index.ts';
import { ScriptedShard, type SubscribeCall, scriptedRouting } from './testing/scripted-shard.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function oneShard(onSubscribe: (call: SubscribeCall) => void): Promise<{ weir: Weir; table: Table }> {
  const shard = new ScriptedShard('a');
  await shard.listen();
  cleanups.push(() => shard.die());
  shard.routing = scriptedRouting(1, [shard], () => 0);
  shard.onSubscribe = onSubscribe;
  const weir = await connect({ seeds: [shard.address], clientId: 'test' });
  cleanups.push(() => weir.close());
  return { weir, table: await weir.table('sums') };
}

const cursorAt = (seq: number): Cursor => ({ tableUid: 'uid-sums', shard: 'a', logIncarnation: 'x', seq });

function delta(keys: readonly number[], part: Partial<Delta> = {}): Delta {
  return {
    keys: bytesOf(BigUint64Array.from(keys, BigInt)),
    weights: bytesOf(Float32Array.from(keys)),
    tombstones: new Uint8Array(0),
    upTo: undefined,
    snapshot: false,
    snapshotStart: false,
    originTimeMs: 0,
    traced: [],
    ...part,
  };
}

describe('a subscription', () => {
  it('comes back after a lost stream where it stood, past what was incomplete', async () => {
    const cursors: (Cursor | undefined)[] = [];
    const { table } = await oneShard((call) => {
      cursors.push(call.request.cursor);
      if (cursors.length === 1) {
        call.write(delta([1], { snapshot: true, snapshotStart: true }));
        call.write(delta([2], { snapshot: true, upTo: cursorAt(7) }));
        call.write(delta([3]));
        call.emit('error', { code: status.UNAVAILABLE, details: 'gone', metadata: new Metadata() });
      } else {
        call.write(delta([3, 4], { upTo: cursorAt(9), originTimeMs: 123 }));
      }
    });
    const seen: number[] = [];
    for await (const { keys, snapshot, upTo, originTimeMs, cursor } of table.subscribe()) {
      if (!snapshot) seen.push(...[...keys].map(Number));
      if (upTo?.seq !== 9) continue;
      expect(originTimeMs).toBe(123);
      expect(cursor).toEqual({ tableUid: 'uid-sums', shards: { a: { logIncarnation: 'x', seq: 9 } } });
      break;
    }
    expect(seen.slice(-2)).toEqual([3, 4]);
    expect(cursors).toEqual([undefined, cursorAt(7)]);
  });

  it('stops a shard from sending when its consumer is slow', async () => {
    const total = 2_000;
    let sent = 0;
    const weights = Array.from({ length: 8_192 }, () => 1);
    const { weir, table } = await oneShard((call) => {
      const send = (): void => {
        while (sent < total && call.write(delta(weights))) sent++;
      };
      call.on('drain', send);
      send();
    });
    const deltas = table.subscribe()[Symbol.asyncIterator]();
    await deltas.next();
    // 200 MB would take less than the time of these calls.
    for (let roundTrip = 0; roundTrip < 300; roundTrip++) await weir.describeShards();
    expect(sent).toBeLessThan(total / 4);
    await deltas.return?.();
  });

  it.each<[string, SubscribeOptions]>([
    ['an interval that is no whole number of ms', { intervalMs: 0.5 }],
    ['an interval below 0', { intervalMs: -1 }],
    [
      'a cursor that no subscription gave',
      { cursor: { tableUid: 'uid-sums', shards: { a: { logIncarnation: 'x', seq: -1 } } } },
    ],
  ])('is refused at once for %s', async (_what, options) => {
    const { table } = await oneShard(() => {});
    const deltas = table.subscribe(options)[Symbol.asyncIterator]();
    await expect(deltas.next()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', table: 'default/sums' });
  });

  it('ends without an error when its signal aborts, the client closes, or its consumer leaves', async () => {
    let cancelled = 0;
    const { weir, table } = await oneShard((call) => {
      call.on('cancelled', () => cancelled++);
      call.write(delta([1]));
    });
    const ending = new AbortController();
    for await (const _ of table.subscribe({ signal: ending.signal })) ending.abort();
    for await (const _ of table.subscribe({ signal: ending.signal })) throw new Error('it had ended');
    for await (const _ of table.subscribe()) break;
    for await (const _ of table.subscribe()) await weir.close();
    while (cancelled < 3) await new Promise(setImmediate);
  });
});
