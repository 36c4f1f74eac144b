import { describe, expect, it } from 'vitest';
import { OrderedMap } from './ordered-map.ts';

const key = (value: number): Uint8Array => Uint8Array.from([value >>> 16, (value >>> 8) & 255, value & 255]);
const values = (map: OrderedMap): number[] =>
  [...map.entries()].map((entry) => (entry.key[0]! << 16) | (entry.key[1]! << 8) | entry.key[2]!);

describe('ordered map', () => {
  it('keeps order over many chunks, whatever the order of insertion', () => {
    const order = Array.from({ length: 5_000 }, (_, index) => (index * 7_919) % 5_000);
    let map = OrderedMap.empty;
    for (const value of order) map = map.put(key(value), key(value));
    expect(values(map)).toEqual(order.toSorted((a, b) => a - b));
    map = map.deleteRange(key(1_000), key(4_000));
    expect(values(map)).toEqual(
      order.filter((value) => value < 1_000 || value >= 4_000).sort((a, b) => a - b),
    );
    expect(map.get(key(999))).toEqual(key(999));
    expect(map.get(key(1_000))).toBeUndefined();
    expect([...map.entries({ gte: key(990), limit: 15 })]).toHaveLength(15);
  });

  it('leaves every earlier map as it was', () => {
    const before = OrderedMap.empty.put(key(1), key(1)).put(key(2), key(2));
    const after = before.put(key(1), key(9)).delete(key(2)).put(key(3), key(3));
    expect(values(before)).toEqual([1, 2]);
    expect(before.get(key(1))).toEqual(key(1));
    expect(values(after)).toEqual([1, 3]);
    expect(values(after.deleteRange(key(0), key(9)))).toEqual([]);
  });
});
