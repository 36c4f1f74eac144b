// `weir group describe NAME`: which step waits for whom, and since when. In a terminal it goes on until it is interrupted.
import { type MemberClock, MemberPace } from '@weir/proto/v1/groups';
import type { GroupDescription } from '@weir/sdk';
import type { Command } from 'commander';
import { type ClusterOptions, clusterVerb, onCluster } from '../cluster-verb.ts';
import { follow, isLive } from '../follow.ts';
import { REFRESH_MS } from '../limits.ts';
import { columns, type Result } from '../output.ts';

interface GroupOptions extends ClusterOptions {
  readonly once?: true;
}

export function registerGroup(program: Command): void {
  const group = program.command('group').summary('look at groups and their barriers');
  group.description('Groups of workers that meet at barriers.');
  group.addHelpText('after', '\nExample:\n  weir group describe --help');
  clusterVerb(group.command('describe'))
    .summary('show which step waits for whom')
    .description(
      'Members of a group with their leases, who has contributed to the next step, and whom it waits for. ' +
        'In a terminal it is shown anew until you press Ctrl+C; once with --once, with --json, or into a pipe.',
    )
    .argument('<group>', 'its name')
    .option('--once', 'show it once, in a terminal too')
    .addHelpText('after', '\nExample:\n  weir group describe trainers --seeds 127.0.0.1:7070 --json')
    .action((name: string, options: GroupOptions) =>
      onCluster(options, async (weir) => {
        const look = async (): Promise<Result> => groupResult(name, await weir.group(name).describe());
        return isLive(options) ? await follow(look, REFRESH_MS) : await look();
      }),
    );
}

function groupResult(name: string, group: GroupDescription): Result {
  const { shard, generation, nextStep, members, waitingFor, waitingMs, results } = group;
  const last = results.at(-1);
  const json = {
    group: name,
    shard,
    generation,
    next_step: nextStep,
    waiting_for: waitingFor,
    waiting_ms: waitingMs,
    members: members.map((member) => ({
      name: member.name,
      incarnation: member.incarnation,
      lease_ms: member.leaseMs,
      lease_left_ms: member.leaseLeftMs,
      contributed: member.contributed,
      contributed_ms: member.contributed ? member.contributedMs : null,
      clock: member.clock?.windows ?? null,
      resting: member.clock === undefined ? null : member.clock.pace === MemberPace.IDLE,
    })),
    last_result:
      last === undefined ? null : { step: last.step, generation: last.generation, bytes: last.bytes },
    results_kept: results.length,
  };
  const rows = members.map((member) => [
    member.name,
    member.contributed ? `contributed ${seconds(member.contributedMs)} ago` : 'missing',
    `${seconds(member.leaseLeftMs)} of ${seconds(member.leaseMs)}`,
    clockText(member.clock),
  ]);
  const text = [
    `group ${name} on ${shard}, generation ${generation}, ${members.length} members`,
    `last completed step: ${last === undefined ? 'none' : `${last.step} (${last.bytes} bytes, generation ${last.generation})`}`,
    waitingFor.length > 0
      ? `step ${nextStep} has waited for ${seconds(waitingMs)}, for: ${waitingFor.join(', ')}`
      : `step ${nextStep}: nobody waits`,
    '',
    columns(['member', `step ${nextStep}`, 'lease left', 'clock'], rows),
  ].join('\n');
  return { json, text };
}

function clockText(clock: MemberClock | undefined): string {
  if (clock === undefined) return 'none';
  return `${clock.windows} windows${clock.pace === MemberPace.IDLE ? ', resting' : ''}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
