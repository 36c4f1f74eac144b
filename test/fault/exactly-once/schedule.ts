// What goes wrong in a round, and when: drawn from its seed. Pure.

/**
 * `kill`: SIGKILL, started again at once. `sleep`: SIGSTOP for longer than a lease, then SIGCONT. Both with `worst` at the
 * service's next worst moment (worst-moment.ts). `zombie`: sleeps from its next worst moment until its heir has read its
 * offsets, and is killed when it has done what it was about to do; only a defect makes an heir wait for that.
 * `join`, `leave`: one member more or less, if there may be.
 */
export type Fault =
  | { readonly kind: 'kill'; readonly services: readonly string[]; readonly worst: boolean }
  | {
      readonly kind: 'sleep';
      readonly service: string;
      readonly worst: boolean;
      /** Killed soon after it has woken: it does what it was about to do, and hears of nothing. */
      readonly dies: boolean;
    }
  | { readonly kind: 'zombie'; readonly service: string }
  | { readonly kind: 'join'; readonly group: GroupName }
  | { readonly kind: 'leave'; readonly group: GroupName };

/** Of services that come and go. */
export type GroupName = 'trainers' | 'stitchers';

export interface ScheduledFault {
  /** When this share of the round's records is sent. */
  readonly atPart: number;
  readonly fault: Fault;
}

export interface Targets {
  readonly all: readonly string[];
  /** Members of groups: who sleeps through a lease. */
  readonly members: readonly string[];
  readonly groups: readonly GroupName[];
}

const FAULTS_MAX = 4;
/** Of faults; the others are kills. */
const SLEEP_PROBABILITY = 0.15;
const MEMBERSHIP_PROBABILITY = 0.25;
/** Of kills: those of two services at once. */
const PAIR_PROBABILITY = 0.3;
/** Of sleeps: those from which a service wakes to die. */
const DEATH_PROBABILITY = 0.3;
/** Of kills and sleeps: those at the worst moment. */
const WORST_PROBABILITY = 0.5;

/** The round's number makes every service the first victim in turn. */
export function drawFaults(
  random: () => number,
  round: number,
  { all, members, groups }: Targets,
): ScheduledFault[] {
  const pick = <T>(names: readonly T[]): T => names[Math.floor(random() * names.length)]!;
  const kill = (first: string): Fault => {
    const services = random() < PAIR_PROBABILITY ? [...new Set([first, pick(all)])] : [first];
    return { kind: 'kill', services, worst: random() < WORST_PROBABILITY };
  };
  const other = (): Fault => {
    const kind = random();
    if (kind < SLEEP_PROBABILITY) {
      return {
        kind: 'sleep',
        service: pick(members),
        worst: random() < WORST_PROBABILITY,
        dies: random() < DEATH_PROBABILITY,
      };
    }
    if (kind < SLEEP_PROBABILITY + MEMBERSHIP_PROBABILITY)
      return { kind: random() < 0.5 ? 'join' : 'leave', group: pick(groups) };
    return kill(pick(all));
  };
  const faults = [kill(all[round % all.length]!)];
  while (faults.length < FAULTS_MAX && random() < 0.6) faults.push(other());
  return faults
    .map((fault) => ({ atPart: 0.1 + 0.85 * random(), fault }))
    .sort((a, b) => a.atPart - b.atPart);
}

export function faultText({ atPart, fault }: ScheduledFault): string {
  return `${whatText(fault)} ${(atPart * 100).toFixed(0)} %`;
}

function whatText(fault: Fault): string {
  if (fault.kind === 'join' || fault.kind === 'leave')
    return `one of ${fault.group} ${fault.kind === 'join' ? 'joins' : 'leaves'}`;
  if (fault.kind === 'zombie') return `${fault.service} becomes a zombie`;
  const what =
    fault.kind === 'kill'
      ? `kill ${fault.services.join(' and ')}`
      : `${fault.service} sleeps${fault.dies ? ', wakes and dies' : ''}`;
  return fault.worst ? `${what} at the worst moment from` : what;
}
