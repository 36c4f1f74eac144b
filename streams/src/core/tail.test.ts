import { describe, expect, it } from 'vitest';
import { Tail } from './tail.ts';

const chunk = (firstOffset: number, endOffset: number, bytes = 10) => ({
  firstOffset,
  endOffset,
  bytes: new Uint8Array(bytes),
});

describe('tail', () => {
  it('keeps the newest chunks within its bytes, and always the last', () => {
    const tail = new Tail();
    expect(tail.from(0, 100)).toBeUndefined();
    for (let offset = 0; offset < 10; offset += 2) tail.add(chunk(offset, offset + 2), 30);
    expect(tail.bytes).toBe(30);
    expect(tail.from(3, 100)).toBeUndefined();
    expect(tail.from(4, 100)?.map(({ firstOffset }) => firstOffset)).toEqual([4, 6, 8]);
    tail.add(chunk(10, 11, 1_000), 30);
    expect(tail.from(10, 1)).toHaveLength(1);
    expect(tail.from(9, 1)).toBeUndefined();
  });

  it('begins with the chunk that holds the offset and ends at the bytes asked for', () => {
    const tail = new Tail();
    for (let offset = 0; offset < 50; offset += 5) tail.add(chunk(offset, offset + 5), 1_000);
    expect(tail.from(13, 21)?.map(({ firstOffset }) => firstOffset)).toEqual([10, 15, 20]);
    expect(tail.from(49, 1_000)?.map(({ firstOffset }) => firstOffset)).toEqual([45]);
    expect(tail.from(50, 1_000)).toEqual([]);
  });
});
