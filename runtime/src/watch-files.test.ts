import { describe, expect, it } from 'vitest';
import { watchFiles } from './watch-files.ts';

const POLL_MS = 1;
const GONE = new Error('gone');

/** What is heard of files that hold `a`, then at each look the next of these; what begins with `bad` cannot be used. */
async function heardOf(...looks: readonly (string | Error)[]): Promise<string[]> {
  const stopping = new AbortController();
  const heard: string[] = [];
  const waiting = [...looks];
  const watched = {
    read: () => {
      const found = waiting.shift()!;
      if (waiting.length === 0) stopping.abort();
      if (typeof found === 'string') return found;
      throw found;
    },
    take: (content: string) => {
      if (content.startsWith('bad')) throw new Error(`${content} is of no use`);
      heard.push(`took ${content}`);
    },
    refused: (error: unknown) => void heard.push(`refused: ${(error as Error).message}`),
  };
  await watchFiles(watched, 'a', POLL_MS, stopping.signal);
  return heard;
}

describe('files that are watched', () => {
  it('are taken when they have changed, once', async () => {
    expect(await heardOf('a', 'a', 'b', 'b', 'b', 'a', 'a')).toEqual(['took b', 'took a']);
  });

  it('are refused once for what they hold, when it is found again', async () => {
    expect(await heardOf('bad', 'bad', 'bad', GONE, GONE, GONE, 'bad', 'bad')).toEqual([
      'refused: bad is of no use',
      'refused: gone',
      'refused: bad is of no use',
    ]);
  });

  it('are not doubted for what is found once only', async () => {
    expect(await heardOf('bad half', 'whole', GONE, 'other', GONE, 'bad half', 'other')).toEqual([
      'took whole',
      'took other',
    ]);
  });

  it('are taken again when they are as before, if a refusal was told', async () => {
    expect(await heardOf('bad', 'bad', 'a', 'a')).toEqual(['refused: bad is of no use', 'took a']);
  });
});
