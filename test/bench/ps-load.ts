// Ways to put calls on a shard: as many as it takes with a number in flight, one after the other, or by the clock.
import { setTimeout as delay } from 'node:timers/promises';

/** A call by its number. */
export type Call = (index: number) => Promise<unknown>;

/** Keeps `inFlight` calls under way for a time. Counts the calls that ended within it. */
export async function closedLoop(
  call: Call,
  inFlight: number,
  seconds: number,
): Promise<{ calls: number; seconds: number }> {
  const begun = performance.now();
  const end = begun + seconds * 1000;
  let next = 0;
  let calls = 0;
  let last = begun;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (performance.now() < end) {
        await call(next++);
        const now = performance.now();
        if (now > end) continue;
        calls++;
        last = now;
      }
    }),
  );
  return { calls, seconds: (last - begun) / 1000 };
}

/** Milliseconds of each call. */
export async function oneAtATime(call: Call, seconds: number): Promise<number[]> {
  const end = performance.now() + seconds * 1000;
  const times: number[] = [];
  for (let i = 0; performance.now() < end; i++) {
    const begun = performance.now();
    await call(i);
    times.push(performance.now() - begun);
  }
  return times;
}

/**
 * Begins calls at a rate, whether or not earlier ones have ended, so that a slow answer delays no other question;
 * milliseconds of each call. Calls that are due within one tick of the timer begin together.
 */
export async function openLoop(call: Call, perSecond: number, seconds: number): Promise<number[]> {
  const begun = performance.now();
  const count = Math.floor(perSecond * seconds);
  const times: number[] = [];
  const calls: Promise<void>[] = [];
  for (let i = 0; i < count; ) {
    const now = performance.now();
    for (; i < count && begun + (i * 1000) / perSecond <= now; i++) {
      const started = performance.now();
      calls.push(
        call(i).then(() => {
          times.push(performance.now() - started);
        }),
      );
    }
    if (i < count) await delay(1);
  }
  await Promise.all(calls);
  return times;
}
