import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readRecords } from './formats.ts';

const SHIPPED = fileURLToPath(new URL('../../data/movielens-latest-small', import.meta.url));

describe('movielens', () => {
  it('reads the shipped set in order of time: a request a rating, an event a like', async () => {
    const counts = { request: 0, event: 0 };
    const ids = new Set<string>();
    let latest = 0;
    for await (const record of readRecords('movielens', SHIPPED, (line, reason) => {
      throw new Error(`line ${line}: ${reason}`);
    })) {
      counts[record.kind]++;
      if (record.timeMs < latest) throw new Error(`${record.timeMs} after ${latest}`);
      latest = record.timeMs;
      if (record.kind === 'request') ids.add(record.servingId);
      else if (!ids.has(record.servingId)) throw new Error('a like before its request');
    }
    expect(counts).toEqual({ request: 100_836, event: 48_580 });
    expect(ids.size).toBe(100_836);
  });
});
