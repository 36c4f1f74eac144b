import { ValueEncoding } from '@weir/proto/v1/common';
import { openMemoryStore } from '@weir/store';
import { describe, expect, it } from 'vitest';
import { CLIENT_IDLE_MS } from '../../limits.ts';
import { openTestShardOnly } from '../../testing/in-process.ts';
import { floatBytes, keyBytes, sumTable } from '../../testing/raw-client.ts';
import { FAMILIES } from '../folder/families.ts';
import type { PushOutcome } from '../push/push-outcome.ts';
import type { Shard } from '../shard.ts';

const SPEC = sumTable('sum', 1);
const HOUR_MS = 60 * 60 * 1000;

function push(shard: Shard, id: string, number: number): Promise<PushOutcome> {
  const values = floatBytes([1]);
  const part = { tableUid: SPEC.uid, keys: keyBytes([1n]), values, encoding: ValueEncoding.F32 };
  const whole = { number, originTimeMs: 0, sources: [], parts: [part], bytes: 12, error: undefined };
  return new Promise((settle) => shard.pipeline.submit({ id, incarnation: 'i' }, whole, settle));
}

const applied = { kind: 'settled', refusal: undefined };
const gap = { kind: 'turned away', error: { code: 'SEQUENCE_GAP' } };

describe('an idle client', () => {
  it('is forgotten after its time, by a record that replay follows, and no other client with it', async () => {
    const store = openMemoryStore({ families: FAMILIES });
    let now = 0;
    const elapsedMs = () => now;
    const shard = await openTestShardOnly({ store, elapsedMs });
    await shard.tableAdmin.create(SPEC);
    for (const id of ['idle', 'busy']) expect(await push(shard, id, 1)).toMatchObject(applied);
    await shard.idleClients.look();
    for (; now < CLIENT_IDLE_MS - HOUR_MS; now += HOUR_MS) await shard.idleClients.look();
    expect(await push(shard, 'busy', 2)).toMatchObject(applied);
    expect(await push(shard, 'idle', 1)).toMatchObject({ ...applied });
    expect(shard.numbers.size).toBe(2);
    now = CLIENT_IDLE_MS;
    await shard.idleClients.look();
    expect(shard.numbers.size).toBe(1);
    expect(shard.counters.clientsForgotten).toBe(1);
    expect(await push(shard, 'idle', 2)).toMatchObject(gap);
    expect(await push(shard, 'busy', 3)).toMatchObject(applied);

    const again = await openTestShardOnly({ store, elapsedMs });
    expect(again.numbers.snapshot()).toEqual(shard.numbers.snapshot());
    expect(await push(again, 'busy', 4)).toMatchObject(applied);
    // Its time began anew with the restart.
    await again.idleClients.look();
    now += CLIENT_IDLE_MS - 1;
    await again.idleClients.look();
    expect(again.numbers.size).toBe(1);
  });

  it('stays when a push of it was on its way before the record', async () => {
    const store = openMemoryStore({ families: FAMILIES });
    let now = 0;
    const shard = await openTestShardOnly({ store, elapsedMs: () => now });
    await shard.tableAdmin.create(SPEC);
    expect(await push(shard, 'client', 1)).toMatchObject(applied);
    await shard.idleClients.look();
    now = CLIENT_IDLE_MS;
    const looking = shard.idleClients.look();
    const pushed = push(shard, 'client', 2);
    await looking;
    expect(await pushed).toMatchObject(applied);
    expect(await push(shard, 'client', 3)).toMatchObject(applied);
    const again = await openTestShardOnly({ store });
    expect(again.numbers.snapshot()).toEqual(shard.numbers.snapshot());
    expect(await push(again, 'client', 4)).toMatchObject(applied);
  });
});
