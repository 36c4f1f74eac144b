import { packKeys, SLOT_COUNT, slotsOf } from '@weir/proto';
import { describe, expect, it } from 'vitest';
import { ringOf } from './ring.ts';
import { foreignKeys, ownershipOf, routingTableOf } from './routing.ts';

const shards = ['shard-2', 'shard-0', 'shard-1'].map((id, i) => ({ id, address: `127.0.0.1:${7070 + i}` }));
const routing = routingTableOf({ epoch: 4, shards });

describe('routingTableOf', () => {
  it('lists shards by id, whatever their order in the topology', () => {
    expect(routing.shards.map((shard) => shard.id)).toEqual(['shard-0', 'shard-1', 'shard-2']);
    expect(routing).toEqual(routingTableOf({ epoch: 4, shards: shards.toReversed() }));
    expect(new Uint16Array(Uint8Array.from(routing.slots).buffer)).toEqual(
      ringOf(['shard-0', 'shard-1', 'shard-2']),
    );
  });

  it('has a golden hash, which stored folders rely on', () => {
    expect(routing.hash).toBe('3dbfb0527f5065d1');
  });

  it('hashes ids and slots, neither epoch nor addresses', () => {
    const moved = shards.map(({ id }, i) => ({ id, address: `elsewhere:${i + 1}` }));
    expect(routingTableOf({ epoch: 9, shards: moved }).hash).toBe(routing.hash);
    expect(routingTableOf({ epoch: 4, shards: shards.slice(1) }).hash).not.toBe(routing.hash);
  });
});

describe('ownershipOf', () => {
  it('gives every slot to exactly one shard', () => {
    const owners = new Uint8Array(SLOT_COUNT);
    for (const { id } of shards) {
      for (const [slot, owned] of ownershipOf(routing, id).slots.entries()) owners[slot]! += owned;
    }
    expect(new Set(owners)).toEqual(new Set([1]));
  });

  it('refuses a shard that the topology does not have', () => {
    expect(() => ownershipOf(routing, 'shard-7')).toThrow(
      expect.objectContaining({ code: 'CONFIGURATION', shard: 'shard-7' }),
    );
  });
});

describe('foreignKeys', () => {
  it('lists the indexes of keys in slots that the shard does not own', () => {
    const ownership = ownershipOf(routing, 'shard-1');
    const keys = packKeys(
      BigUint64Array.from({ length: 200 }, (_, i) => (BigInt(i) * 0x9e3779b97f4a7c15n) & (2n ** 64n - 1n)),
    );
    const expected = [...slotsOf(keys).entries()]
      .filter(([, slot]) => ownership.slots[slot] === 0)
      .map(([i]) => i);
    expect(expected.length).toBeGreaterThan(100);
    expect([...foreignKeys(keys, ownership)]).toEqual(expected);
  });
});
