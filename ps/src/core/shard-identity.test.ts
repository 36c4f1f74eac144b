import { describe, expect, it } from 'vitest';
import { routingTableOf } from './routing.ts';
import {
  decideOpen,
  decodeIdentity,
  encodeIdentity,
  identityOf,
  type ShardIdentity,
} from './shard-identity.ts';

function identity(id: string, shards: number, epoch = 1): ShardIdentity {
  const list = Array.from({ length: shards }, (_, i) => ({ id: `shard-${i}`, address: `h:${i + 1}` }));
  return identityOf(id, routingTableOf({ epoch, shards: list }));
}

const stored = identity('shard-0', 3, 5);
const configuration = (message: RegExp) =>
  expect.objectContaining({ code: 'CONFIGURATION', message: expect.stringMatching(message) });

describe('decideOpen', () => {
  it('opens a new folder and one that matches', () => {
    expect(decideOpen(undefined, stored, false)).toBe(stored);
    expect(decideOpen(stored, stored, true)).toEqual(stored);
  });

  it('takes a higher epoch with the same slots, also with data', () => {
    const next = identity('shard-0', 3, 6);
    expect(decideOpen(stored, next, true)).toEqual(next);
  });

  it("refuses another shard's folder", () => {
    expect(() => decideOpen(stored, identity('shard-1', 3, 5), false)).toThrow(
      configuration(/belongs to shard shard-0, not to shard-1/),
    );
  });

  it('refuses a lower epoch', () => {
    expect(() => decideOpen(stored, identity('shard-0', 3, 4), false)).toThrow(
      configuration(/epoch 4.*epoch 5/),
    );
  });

  it('refuses the same epoch with another routing table, even without data', () => {
    expect(() => decideOpen(stored, identity('shard-0', 4, 5), false)).toThrow(
      configuration(/without a new epoch/),
    );
  });

  it('refuses to gain or lose slots once there is data', () => {
    expect(() => decideOpen(stored, identity('shard-0', 2, 6), true)).toThrow(
      configuration(/would gain \d+ slots/),
    );
    expect(() => decideOpen(stored, identity('shard-0', 4, 6), true)).toThrow(
      configuration(/would lose \d+ slots/),
    );
  });

  it('follows a new set of shards while there is no data', () => {
    const next = identity('shard-0', 4, 6);
    expect(decideOpen(stored, next, false)).toEqual(next);
  });

  it('refuses another number of slots', () => {
    expect(() => decideOpen({ ...stored, slotCount: 512 }, stored, false)).toThrow(
      configuration(/512 slots/),
    );
  });
});

describe('the stored identity', () => {
  it('comes back as it was', () => {
    expect(decodeIdentity(encodeIdentity(stored))).toEqual(stored);
    expect(stored.slots.length).toBe(322);
  });

  it('is refused when a newer Weir wrote it, whatever else it holds', () => {
    const newer = new TextEncoder().encode('{"formatVersion": 3, "replicas": []}');
    expect(() => decodeIdentity(newer)).toThrow(configuration(/format 3.*start a newer Weir/));
  });

  it('is refused when it is of a format that is read no more', () => {
    const older = new TextEncoder().encode(JSON.stringify({ ...stored, formatVersion: 1 }));
    expect(() => decodeIdentity(older)).toThrow(configuration(/format 1.*empty folder/));
  });

  it('is CORRUPT when damaged', () => {
    const bytes = encodeIdentity(stored);
    expect(() => decodeIdentity(bytes.subarray(0, 40))).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
    const wrong = new TextEncoder().encode('{"formatVersion": 2, "id": 7}');
    expect(() => decodeIdentity(wrong)).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
  });
});
