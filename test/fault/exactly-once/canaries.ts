// Defects that are put in on purpose, each under faults that it cannot stand: rounds with them must show lost or doubled
// samples, or a broken fence, or the suite proves nothing.
import type { Canary } from '../suite-parts.ts';
import type { Bug } from './bugs.ts';
import type { Fault, ScheduledFault } from './schedule.ts';
import { World } from './world.ts';

/** A defect shows only where a fault meets it: most are caught in the first rounds. */
const ROUNDS_MAX = 6;

export const CANARIES: readonly Canary[] = [
  canary('offset stored after the push', [0.2, 0.5, 0.8], {
    kind: 'kill',
    services: ['trainer-0', 'trainer-1'],
    worst: true,
  }),
  // It was about to push when it fell asleep, and wakes when the others have read the offsets.
  canary('offsets returned before the fence is on every shard', [0.4], {
    kind: 'sleep',
    service: 'trainer-0',
    worst: true,
    dies: true,
  }),
  canary('stream sequences kept in memory only', [0.2, 0.5, 0.8], {
    kind: 'kill',
    services: ['streams'],
    worst: true,
  }),
];

function canary(name: Bug, moments: readonly number[], fault: Fault): Canary {
  const faults: readonly ScheduledFault[] = moments.map((atPart) => ({ atPart, fault }));
  return {
    name,
    async caught(dir, seed) {
      const world = await World.begin({ dir, seed, isStitcherAlone: true, bug: name });
      try {
        for (let round = 0; round < ROUNDS_MAX; round++) {
          const { lost, doubled, problems } = await world.round(round, faults);
          if (lost + doubled > 0 || problems.length > 0) return true;
        }
        return false;
      } finally {
        await world.end();
      }
    },
  };
}
