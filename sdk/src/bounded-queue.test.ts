import { describe, expect, it } from 'vitest';
import { BoundedQueue } from './bounded-queue.ts';

describe('BoundedQueue', () => {
  it('gives items in order and never holds more than its bound', async () => {
    const queue = new BoundedQueue<number>(3);
    const longest: number[] = [];
    const producers = [0, 1].map(async (producer) => {
      for (let i = 0; i < 20; i++) {
        await queue.put(producer * 100 + i);
        longest.push(queue.length);
      }
    });
    const taken: number[] = [];
    while (taken.length < 40) taken.push((await queue.take())!);
    await Promise.all(producers);
    expect(Math.max(...longest)).toBeLessThanOrEqual(3);
    for (const producer of [0, 1]) {
      const own = taken.filter((item) => Math.floor(item / 100) === producer);
      expect(own).toEqual(Array.from({ length: 20 }, (_, i) => producer * 100 + i));
    }
  });

  it('makes a producer wait until the consumer takes', async () => {
    const queue = new BoundedQueue<number>(1);
    await queue.put(1);
    let accepted = false;
    const second = queue.put(2).then(() => {
      accepted = true;
    });
    await new Promise(setImmediate);
    expect(accepted).toBe(false);
    expect(await queue.take()).toBe(1);
    await second;
    expect(await queue.take()).toBe(2);
  });

  it('wakes both sides at its end: the producer with false, the consumer with nothing or the error', async () => {
    const ended = new BoundedQueue<number>(1);
    await ended.put(1);
    const waiting = ended.put(2);
    ended.end();
    expect(await waiting).toBe(false);
    expect(await ended.take()).toBeUndefined();

    const failed = new BoundedQueue<number>(1);
    const taking = failed.take();
    failed.end(new Error('gone'));
    await expect(taking).rejects.toThrow('gone');
  });
});
