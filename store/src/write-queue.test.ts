// The queue alone: writes that arrive in the very moment in which it runs dry.
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { WriteQueue } from './write-queue.ts';

describe('write queue', () => {
  it('takes a write at every step of the event loop after its last group', async () => {
    const stuck: number[] = [];
    for (let steps = 0; steps < 12; steps++) {
      const gate = Promise.withResolvers<void>();
      const queue = new WriteQueue(() => gate.promise);
      void queue.write([], 0);
      await turn();
      let isWritten = false;
      gate.resolve();
      for (let step = 0; step < steps; step++) await undefined;
      void queue.write([], 0).then(() => {
        isWritten = true;
      });
      await turn();
      if (!isWritten) stuck.push(steps);
    }
    expect(stuck).toEqual([]);
  });
});
