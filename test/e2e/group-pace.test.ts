// How far members of a group run ahead of each other: the shard's clocks and the members' together, thousands of random
// schedules of slow networks and disks, restarts, joins and deaths.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PaceWorld } from './group-pace-world.ts';

const RUNS = 1_500;
const schedules = fc.array(fc.tuple(fc.nat({ max: 15 }), fc.nat({ max: 1_000 }), fc.nat({ max: 1_000 })), {
  minLength: 100,
  maxLength: 300,
});

it('under any schedule nobody begins a window further ahead of a member that works than it may', () => {
  const total: Record<string, number> = {};
  fc.assert(
    fc.property(schedules, (schedule) => {
      const world = new PaceWorld();
      for (const action of schedule) world.act(...action);
      for (const [what, count] of Object.entries(world.seen)) total[what] = (total[what] ?? 0) + count;
      // Whatever happened, it goes on: the dead are forgotten, and the living take turns.
      world.settle();
      world.advance(60);
      world.settle();
      world.advance(60);
      world.settle();
      expectProgress(world);
    }),
    { numRuns: RUNS },
  );
  // The schedules reach what they are meant to.
  for (const [what, count] of Object.entries(total)) expect(count, what).toBeGreaterThan(500);
});

function expectProgress(world: PaceWorld): void {
  const members = [...world.members.values()];
  const before = members.map(({ begun }) => begun);
  for (let turn = 0; turn < 10; turn++) {
    for (const member of members) {
      world.begin(member);
      while (member.ended < member.begun) world.end(member);
    }
    world.settle();
  }
  for (const [i, { begun }] of members.entries()) expect(begun - before[i]!).toBeGreaterThan(1);
}

it('holds nobody back while it rests, and goes on where the slowest is', () => {
  const world = new PaceWorld();
  const [a, b] = [world.join('a', 2), world.join('b', 2)];
  world.settle();
  work(world, b, 1);
  b.clock.rest();
  world.settle();
  work(world, a, 1_000);
  expect(a.begun).toBe(1_000);

  // Back again: neither has the other to wait for what was missed, nor may it go on alone.
  work(world, b, 1);
  expect(b.clock.clock).toBeGreaterThan(a.clock.clock - 2);
  work(world, a, 10);
  expect(a.clock.clock - b.clock.clock).toBe(3);
});

it('waits for a member that died until its lease has expired', () => {
  const world = new PaceWorld();
  const [a, b] = [world.join('a', 3), world.join('b', 3)];
  world.settle();
  work(world, b, 1);
  world.kill('b');
  work(world, a, 10);
  const held = a.begun;
  expect(held).toBeLessThan(10);
  for (let i = 0; i < 3; i++) {
    world.advance(50);
    world.settle();
  }
  work(world, a, 10);
  expect(a.begun).toBe(held + 10);
});

type Member = ReturnType<PaceWorld['join']>;

/** As many windows as it may, up to so many. */
function work(world: PaceWorld, member: Member, windows: number): void {
  for (let i = 0; i < windows; i++) {
    if (!world.begin(member)) {
      world.settle();
      world.begin(member);
    }
    while (member.ended < member.begun) world.end(member);
  }
}
