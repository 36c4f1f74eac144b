import { WeirError } from '@weir/proto';
import { OutcomeUnknownError } from '@weir/sdk';
import { describe, expect, it } from 'vitest';
import { InFlight } from './in-flight.ts';
import { persist, persistPush } from './retry.ts';

const away = () => new WeirError('UNAVAILABLE', 'away');

/** Fails with each error in turn, then works. */
function failing(...errors: Error[]) {
  const calls = { count: 0 };
  return {
    calls,
    call: async () => {
      calls.count++;
      const error = errors.shift();
      if (error !== undefined) throw error;
      return 'done';
    },
  };
}

describe('persist', () => {
  it('tries again what can be helped by waiting, and says so', async () => {
    const said: string[] = [];
    const { call, calls } = failing(away(), away());
    expect(await persist('pull', call, (what, error) => said.push(`${what} ${error.code}`))).toBe('done');
    expect(calls.count).toBe(3);
    expect(said).toEqual(['pull UNAVAILABLE', 'pull UNAVAILABLE']);
  });

  it('gives up on what waiting cannot help, and once it is told to stop', async () => {
    const { call } = failing(new WeirError('TABLE_NOT_FOUND', 'gone'));
    await expect(persist('pull', call, () => {})).rejects.toThrow('gone');
    const stop = new AbortController();
    const endless = async () => {
      throw away();
    };
    await expect(persist('pull', endless, () => stop.abort(), stop.signal)).rejects.toThrow();
  });
});

describe('persistPush', () => {
  it('never pushes anew once part of a push may be applied', async () => {
    let pushes = 0;
    let retries = 0;
    const unknown = (): OutcomeUnknownError =>
      new OutcomeUnknownError(
        '?',
        [],
        ['shard-0'],
        async () => {
          retries++;
          if (retries === 1) throw unknown();
          if (retries === 2) throw away();
          return { acks: [], skipped: [], skippedRows: 0 };
        },
        {},
      );
    await persistPush(
      async () => {
        pushes++;
        if (pushes === 1) throw away();
        throw unknown();
      },
      () => {},
    );
    expect([pushes, retries]).toEqual([2, 3]);
  });
});

describe('InFlight', () => {
  it('gives room when fewer than its bound are under way', async () => {
    const inFlight = new InFlight(2, () => {});
    const tasks = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    for (const { promise } of tasks) inFlight.add(promise);
    let room = false;
    const waiting = inFlight.room().then(() => {
      room = true;
    });
    await new Promise(setImmediate);
    expect([room, inFlight.size]).toEqual([false, 2]);
    tasks[1]!.resolve();
    await waiting;
    expect(inFlight.size).toBe(1);
    tasks[0]!.resolve();
    await inFlight.settled();
  });

  it('tells of the first failure at once, and waits for the others all the same', async () => {
    let failed = 0;
    const inFlight = new InFlight(2, () => failed++);
    const other = Promise.withResolvers<void>();
    inFlight.add(other.promise);
    inFlight.add(Promise.reject(new Error('refused')));
    await new Promise(setImmediate);
    expect([failed, inFlight.size]).toEqual([1, 1]);
    other.reject(new Error('refused too'));
    await inFlight.settled();
    expect(failed).toBe(1);
    expect(() => inFlight.throwIfFailed()).toThrow('refused');
  });
});
