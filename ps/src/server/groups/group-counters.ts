// What a shard counts about its groups since it started, and how Prometheus sees it.
import { meter } from '@weir/runtime';
import { observeCounter, observeGauge } from '../observe.ts';
import type { Groups } from './groups.ts';

export class GroupCounters {
  /** Completed. */
  steps = 0;
  /** Contributed to completed steps, over all members. */
  bytes = 0;
  /** Of membership. */
  changes = 0;
  storageFailures = 0;
  readonly refusals = new Map<string, number>();

  refused(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }
}

/** Shows the counters of a running shard's groups. */
export function observeGroups(groups: Groups): void {
  const ps = meter('ps');
  const { counters } = groups;
  observeCounter('ps.group.steps', '{step}', 'Barriers completed', () => counters.steps);
  observeCounter('ps.group.contributed.bytes', 'By', 'Contributed to completed steps', () => counters.bytes);
  observeCounter('ps.group.changes', '{change}', 'Generations begun', () => counters.changes);
  observeCounter(
    'ps.group.storage.failures',
    '{write}',
    'Writes of groups that the disk refused',
    () => counters.storageFailures,
  );
  ps.createObservableCounter('ps.group.refusals', {
    unit: '{call}',
    description: 'Calls of members answered with an error',
  }).addCallback((result) => {
    for (const [code, count] of counters.refusals) result.observe(count, { code });
  });
  observeGauge('ps.groups', '{group}', 'Groups held', () => groups.size);
  observeGauge('ps.group.members', '{member}', 'Members of all groups', () => groups.members);
  observeGauge(
    'ps.group.waiting',
    's',
    'For how long the first to come to a barrier has waited for others, over all groups; 0: nobody waits',
    () => groups.waitingMs(performance.now()) / 1000,
  );
  observeGauge(
    'ps.group.clock.spread',
    '{window}',
    'How far members that work are apart in a group, over all groups',
    () => groups.clockSpread,
  );
  observeGauge('ps.group.memory.bytes', 'By', 'Memory taken by steps under way', () => groups.memory.held);
}
