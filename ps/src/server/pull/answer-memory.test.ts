import { describe, expect, it } from 'vitest';
import { ANSWER_BYTES_MAX, LARGE_ANSWER_BYTES_MAX, SMALL_ANSWER_BYTES } from '../../limits.ts';
import { AnswerMemory } from './answer-memory.ts';

const LARGE = 16 * 1024 * 1024;
const SMALL = 4096;

/** Takes large ones until one has to wait. */
function filled(memory: AnswerMemory): { taken: ArrayBuffer[]; waiting: Promise<ArrayBuffer> } {
  const taken: ArrayBuffer[] = [];
  for (;;) {
    const answer = memory.take(LARGE);
    if (answer instanceof Promise) return { taken, waiting: answer };
    taken.push(answer);
  }
}

describe('memory for answers', () => {
  it('is bounded; a large answer waits until others are sent, small ones do not', async () => {
    const memory = new AnswerMemory();
    const { taken, waiting } = filled(memory);
    expect(memory.held).toBeLessThanOrEqual(LARGE_ANSWER_BYTES_MAX);
    expect(memory.waiting).toBe(1);
    expect(memory.take(SMALL)).toBeInstanceOf(ArrayBuffer);
    memory.give(taken.pop()!);
    expect((await waiting).byteLength).toBe(LARGE);
    expect(memory.waiting).toBe(0);
  });

  it('serves who waits in order, and small ones only up to the whole bound', async () => {
    const memory = new AnswerMemory();
    const { taken } = filled(memory);
    const small: ArrayBuffer[] = [];
    let waits: Promise<ArrayBuffer> | undefined;
    while (waits === undefined) {
      const answer = memory.take(SMALL_ANSWER_BYTES);
      if (answer instanceof Promise) waits = answer;
      else small.push(answer);
    }
    expect(memory.held).toBeLessThanOrEqual(ANSWER_BYTES_MAX);
    const next = memory.take(SMALL);
    expect(next).toBeInstanceOf(Promise);
    memory.give(taken.pop()!);
    expect((await waits).byteLength).toBe(SMALL_ANSWER_BYTES);
    expect((await next)!.byteLength).toBe(SMALL);
  });
});
