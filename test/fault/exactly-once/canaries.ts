// Defects that are put in on purpose: a round with one of them must show lost or doubled samples, or a broken fence, or the
// suite proves nothing. Each meets the fault that it cannot stand; the fault waits for its moment, whatever the machine's pace.
import assert from 'node:assert/strict';
import type { Canary } from '../suite-parts.ts';
import type { Bug } from './bugs.ts';
import type { Fault } from './schedule.ts';
import { World } from './world.ts';

/** Of the round's traffic: what comes behind brings the moment. */
const AT_PART = 0.3;

export const CANARIES: readonly Canary[] = [
  canary('offset stored after the push', {
    kind: 'kill',
    services: ['trainer-0', 'trainer-1'],
    worst: true,
  }),
  canary('offsets returned before the fence is on every shard', { kind: 'zombie', service: 'trainer-0' }),
  canary('stream sequences kept in memory only', { kind: 'kill', services: ['streams'], worst: true }),
];

function canary(name: Bug, fault: Fault): Canary {
  return {
    name,
    async caught(dir, seed) {
      const world = await World.begin({ dir, seed, isStitcherAlone: true, bug: name });
      try {
        const { kills, lost, doubled, problems } = await world.round(0, [{ atPart: AT_PART, fault }]);
        assert(kills > 0, 'nobody was killed');
        return lost + doubled > 0 || problems.length > 0;
      } finally {
        await world.end();
      }
    },
  };
}
