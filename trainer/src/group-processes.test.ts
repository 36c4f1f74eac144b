// Trainers as processes that come, go, are killed and sleep: whatever happens to them, every sample counts once. One world
// for all, each test goes on where the last one ended: with `trainer-0` alone.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceProcess } from '@weir/runtime';
import { END_OF_INPUT_MS } from '@weir/streams/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportOf, Trainers } from './testing/trainers.ts';

const NONE = new Map();
const LEASE_MS = 1_000;

let trainers: Trainers;
let first: ServiceProcess;
beforeAll(async () => {
  trainers = await Trainers.begin();
  first = await trainers.start('trainer-0', LEASE_MS);
});
afterAll(() => trainers?.[Symbol.asyncDispose]());

async function expectCountedOnce(): Promise<void> {
  await trainers.trained();
  expect(await trainers.wrongCounts()).toEqual(NONE);
}

/** With a second trainer, in the middle of samples that are still appended. */
async function withSecond(): Promise<{ second: ServiceProcess; appended: Promise<void> }> {
  const second = await trainers.start('trainer-1', LEASE_MS);
  await trainers.agreed('trainer-0', 'trainer-1');
  await trainers.append(20);
  return { second, appended: trainers.append(200) };
}

describe('trainers of a group', () => {
  it('share partitions, from one to three and back, without a lost or doubled sample', async () => {
    await trainers.agreed('trainer-0');
    const appending = trainers.append(300);
    const second = await trainers.start('trainer-1');
    // Else the third may be there first, and train for a while.
    await trainers.agreed('trainer-0', 'trainer-1');
    const third = await trainers.start('trainer-2');
    await trainers.agreed('trainer-0', 'trainer-1', 'trainer-2');
    await appending;
    await trainers.append(60);
    await trainers.trained();
    const reports = await Promise.all([first, second, third].map(reportOf));
    // The third has no partition, and is there for the case that one of the others goes.
    expect(reports.map(({ samples }) => samples > 0)).toEqual([true, true, false]);
    expect(reports.map((report) => report.trained_time_ms === null)).toEqual([false, false, true]);
    expect(reports.reduce((sum, { samples }) => sum + samples, 0)).toBe(5 * 360);

    const more = trainers.append(100);
    await Promise.all([second.stop(), third.stop()]);
    await trainers.agreed('trainer-0');
    await more;
    await expectCountedOnce();
  });

  it('take over from one that was killed when its lease is over', async () => {
    const { second, appended } = await withSecond();
    second.kill('SIGKILL');
    await trainers.agreed('trainer-0');
    await appended;
    await expectCountedOnce();
  });

  it('lose nothing to one that sleeps through its lease, and take it in again when it wakes', async () => {
    const { second, appended } = await withSecond();
    second.kill('SIGSTOP');
    await trainers.agreed('trainer-0');
    await appended;
    await trainers.trained();
    second.kill('SIGCONT');
    await trainers.agreed('trainer-0', 'trainer-1');
    await trainers.append(50);
    await expectCountedOnce();
    expect(await readFile(trainers.logOf('trainer-1'), 'utf8')).toContain('joining again');
    await second.stop();
  });

  it('end when another process takes their name, which goes on in their place', async () => {
    await trainers.append(40);
    const successor = await trainers.start('trainer-0', LEASE_MS);
    expect(await first.exited).toEqual({ code: 1, signal: null });
    first = successor;
    await trainers.append(40);
    await expectCountedOnce();
  });

  it('go back to what the shards have when a window does not follow there', async () => {
    while ((await reportOf(first)).rewinds === 0) {
      await trainers.trained();
      await trainers.advanceBeside();
      await sleep(300);
    }
    await trainers.append(40);
    await expectCountedOnce();
  });

  it('bring every offset to the end of its stream', async () => {
    await trainers.append(10);
    await trainers.endInput();
    await trainers.trained(END_OF_INPUT_MS);
    for (const distinct of await trainers.offsets()) expect(distinct).toHaveLength(1);
    expect(await trainers.wrongCounts()).toEqual(NONE);
  });

  it('stop when the stream was lost, and say what an operator can decide', async () => {
    await trainers.loseStreams();
    expect(await first.exited).toEqual({ code: 1, signal: null });
    expect(await readFile(trainers.logOf('trainer-0'), 'utf8')).toContain('weir source reset trainer');
    await trainers.weir.sources('trainer').reset([]);
    await trainers.start('trainer-0', LEASE_MS);
    await trainers.append(40);
    await expectCountedOnce();
  });
});
