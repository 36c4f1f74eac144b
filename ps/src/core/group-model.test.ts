// Thousands of random schedules: joins, leaves, expiring leases, repeats, reordering, slow disks, restarts at every point.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Action, GroupWorld } from '../testing/group-world.ts';

const RUNS = 2_000;
const MEMBERS = ['a', 'b', 'c'];

const schedules = fc.array(fc.tuple(fc.nat({ max: 13 }), fc.nat({ max: 1_000 }), fc.nat({ max: 1_000 })), {
  minLength: 30,
  maxLength: 150,
}) satisfies fc.Arbitrary<Action[]>;

it('under any schedule no result mixes generations or steps, nobody waits past a deadline, all get the same bytes', () => {
  const total = { results: 0, fenced: 0, changed: 0, timeouts: 0, restarts: 0 };
  fc.assert(
    fc.property(schedules, (schedule) => {
      const world = new GroupWorld();
      settle(world);
      const begun = { ...world.seen };
      for (const action of schedule) world.act(action);
      for (const key of Object.keys(total) as (keyof typeof total)[]) {
        total[key] += world.seen[key] - begun[key];
      }
      // Whatever happened, the group goes on: three members that live complete a step, and each gets it.
      const before = world.lastStep;
      settle(world);
      const results = world.seen.results;
      expect(world.lastStep).toBeGreaterThan(before);
      step(world);
      expect(world.seen.results - results).toBe(MEMBERS.length);
    }),
    { numRuns: RUNS },
  );
  // The schedules reach what they are meant to.
  for (const [what, count] of Object.entries(total)) expect(count, what).toBeGreaterThan(500);
});

it('a shard that is killed at any point of a schedule goes on from what is on the disk', () => {
  fc.assert(
    fc.property(schedules, (schedule) => {
      for (let at = 0; at <= schedule.length; at++) {
        const world = new GroupWorld();
        settle(world);
        for (const action of schedule.slice(0, at)) world.act(action);
        world.restart();
        for (const action of schedule.slice(at)) world.act(action);
        const before = world.lastStep;
        settle(world);
        expect(world.lastStep).toBeGreaterThan(before);
      }
    }),
    { numRuns: 12 },
  );
});

/** All others are gone, and three new members complete a step. */
function settle(world: GroupWorld): void {
  finish(world);
  for (const name of MEMBERS) world.join(name);
  finish(world);
  world.advance(99);
  world.restart();
  for (const name of MEMBERS) world.act([7, MEMBERS.indexOf(name), 0]);
  finish(world);
  world.advance(99);
  for (const name of MEMBERS) world.act([7, MEMBERS.indexOf(name), 0]);
  finish(world);
  world.advance(99);
  step(world);
  // The first round may tell them of the generation that the others' end has brought.
  step(world);
}

function step(world: GroupWorld): void {
  for (const name of MEMBERS) world.contribute(name, world.nowMs + 1_000);
  finish(world);
}

function finish(world: GroupWorld): void {
  for (let i = 0; i < 3; i++) {
    world.deliverAll();
    world.reduce();
    for (let j = 0; j < 50; j++) world.write();
  }
}
