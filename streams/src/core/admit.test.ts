import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admit, NEW_PRODUCER, type ProducerState } from './admit.ts';

describe('admission of a producer', () => {
  it('takes every sequence exactly once, in order, whatever is sent again', () => {
    const sends = fc.array(fc.record({ back: fc.nat(6), count: fc.integer({ min: 1, max: 5 }) }));
    fc.assert(
      fc.property(sends, (list) => {
        let state: ProducerState = NEW_PRODUCER;
        const taken: number[] = [];
        for (const { back, count } of list) {
          const firstSequence = Math.max(1, state.lastSequence + 1 - back);
          const { duplicates, next } = admit(state, { epoch: 1, firstSequence, count }, 'p');
          for (let index = duplicates; index < count; index++) taken.push(firstSequence + index);
          state = next;
        }
        expect(taken).toEqual(taken.map((_, index) => index + 1));
        expect(state.lastSequence).toBe(taken.length);
      }),
    );
  });

  it('names the producer and what it expected', () => {
    const state = { epoch: 4, lastSequence: 10 };
    const append = { epoch: 4, firstSequence: 12, count: 1 };
    expect(() => admit(state, append, 'producer "s/0" in stream "samples", partition 0')).toThrow(
      'producer "s/0" in stream "samples", partition 0: the first sequence is 12, but the last one appended is 10',
    );
    expect(() => admit(state, { ...append, epoch: 3 }, 'p')).toThrow(
      'epoch 3 is over, epoch 4 has taken over',
    );
  });
});
