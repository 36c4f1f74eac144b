// What goes wrong in a round, and when: drawn from its seed. Pure.

/**
 * `kill`: SIGKILL, started again at once; with `worst` at the service's next worst moment.
 * `sleep`: SIGSTOP for longer than a lease, then SIGCONT.
 */
export type Fault =
  | { readonly kind: 'kill'; readonly services: readonly string[]; readonly worst: boolean }
  | { readonly kind: 'sleep'; readonly service: string };

export interface ScheduledFault {
  /** When this share of the round's records is sent. */
  readonly atPart: number;
  readonly fault: Fault;
}

const FAULTS_MAX = 3;
/** Of kills: those of two services at once. */
const PAIR_PROBABILITY = 0.3;
/** Of kills: those at the worst moment. */
const WORST_PROBABILITY = 0.5;
const SLEEP_PROBABILITY = 0.15;

export interface Targets {
  readonly all: readonly string[];
  /** Members of groups: who sleeps through a lease. */
  readonly members: readonly string[];
}

/** The round's number makes every service the first victim in turn. */
export function drawFaults(random: () => number, round: number, { all, members }: Targets): ScheduledFault[] {
  const pick = (names: readonly string[]): string => names[Math.floor(random() * names.length)]!;
  const faults = 1 + Math.floor(random() * FAULTS_MAX);
  const moments = Array.from({ length: faults }, () => 0.1 + 0.85 * random()).sort((a, b) => a - b);
  return moments.map((atPart, i) => {
    if (random() < SLEEP_PROBABILITY && i > 0)
      return { atPart, fault: { kind: 'sleep', service: pick(members) } };
    const first = i === 0 ? all[round % all.length]! : pick(all);
    const services = random() < PAIR_PROBABILITY ? [...new Set([first, pick(all)])] : [first];
    return { atPart, fault: { kind: 'kill', services, worst: random() < WORST_PROBABILITY } };
  });
}

export function faultText({ atPart, fault }: ScheduledFault): string {
  const what =
    fault.kind === 'kill'
      ? `kill ${fault.services.join(' and ')}${fault.worst ? ' at the worst moment from' : ''}`
      : `${fault.service} sleeps`;
  return `${what} ${(atPart * 100).toFixed(0)} %`;
}
