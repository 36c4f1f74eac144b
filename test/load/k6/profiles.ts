// How much load over time. `smoke` and `stress` are closed loops: each client waits for its answer, so the rows a second at the end of
// `stress` are what the cluster (or k6) can do. The others go by the clock: what is late stays due, so a cluster that is too
// slow shows as time and as iterations that could not begin. Pure.
import type { Scenario } from 'k6/options';
import type { LoadPlan } from './plan.ts';

/** With how long each lasts where nothing else is said. */
export const PROFILES = {
  smoke: { durationS: 5 },
  load: { durationS: 120 },
  stress: { durationS: 60 },
  soak: { durationS: 3600 },
  spike: { durationS: 120 },
} as const;
export type ProfileName = keyof typeof PROFILES;
export const PROFILE_NAMES = Object.keys(PROFILES) as readonly ProfileName[];

const SMOKE_VUS = 2;
/** A spike's rate over that before and after it. */
const SPIKE_FACTOR = 4;
/** Iterations that are under way at the end may end. */
const GRACEFUL_STOP = '10s';

/** @param batches of one iteration */
export function scenarioOf({ profile, rate, vus, durationS }: LoadPlan, batches: number): Scenario {
  const part = (share: number): string => `${Math.round(share * durationS * 1000)}ms`;
  const stage = (share: number, target: number) => ({ duration: part(share), target });
  const byTheClock = {
    preAllocatedVUs: vus,
    maxVUs: vus,
    timeUnit: `${batches}s`,
    gracefulStop: GRACEFUL_STOP,
  };
  switch (profile) {
    case 'smoke':
      return { executor: 'constant-vus', vus: SMOKE_VUS, duration: part(1), gracefulStop: GRACEFUL_STOP };
    case 'load':
    case 'soak':
      return { executor: 'constant-arrival-rate', rate, duration: part(1), ...byTheClock };
    case 'stress':
      return {
        executor: 'ramping-vus',
        startVUs: 1,
        stages: [stage(0.6, vus), stage(0.4, vus)],
        gracefulRampDown: GRACEFUL_STOP,
        gracefulStop: GRACEFUL_STOP,
      };
    case 'spike': {
      const high = SPIKE_FACTOR * rate;
      const stages = [
        stage(0.3, rate),
        stage(0.05, high),
        stage(0.2, high),
        stage(0.05, rate),
        stage(0.4, rate),
      ];
      return { executor: 'ramping-arrival-rate', startRate: rate, stages, ...byTheClock };
    }
  }
}
