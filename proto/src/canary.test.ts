import { describe, expect, it } from 'vitest';
import { CANARY_TOKEN_MAX, canaryKeys, canaryServingId, canaryToken, isCanary } from './canary.ts';
import { SLOT_COUNT } from './limits.ts';
import { slotOf } from './slots.ts';

describe('canaries', () => {
  it('are known by their serving id, which names their token', () => {
    expect(canaryToken(canaryServingId(CANARY_TOKEN_MAX, 'n'))).toBe(CANARY_TOKEN_MAX);
    expect(canaryToken(canaryServingId(0, 'n'))).toBe(0);
    expect(canaryToken('weir-canary:anything')).toBe(0);
    expect([canaryToken('a-user'), isCanary('a-user'), isCanary('weir-canary:1:n')]).toEqual([
      undefined,
      false,
      true,
    ]);
    expect(Math.fround(CANARY_TOKEN_MAX)).toBe(CANARY_TOKEN_MAX);
  });

  it('have one key on each shard that has slots', () => {
    const slots = Uint16Array.from({ length: SLOT_COUNT }, (_, slot) => (slot === 700 ? 2 : slot % 2));
    const keys = canaryKeys(slots, 4);
    const shards = [0, 2, 4].map((i) => slots[slotOf(keys[i]!, keys[i + 1]!)]);
    expect(keys.length).toBe(6);
    expect(shards).toEqual([0, 1, 2]);
  });
});
