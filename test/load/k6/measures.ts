// What a run measures beside k6's own figures, by operation, and what it must keep.
import exec from 'k6/execution';
import { Counter, Rate, Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import type { LoadPlan } from './plan.ts';
import { type ProfileName, scenarioOf } from './profiles.ts';
import { plan } from './read-plan.ts';
import { type Operation, SCRIPTS, type Script } from './scripts.ts';

/** Rows asked for or sent, or documents ranked, with an answer. */
const rows = new Counter('weir_rows');
/** From the first byte to the last shard's answer. */
const duration = new Trend('weir_duration', true);
const failures = new Rate('weir_failures');

/** Milliseconds of the 99th percentile, for a cluster that is not at its limit. */
const P99_MS: Readonly<Record<Operation, number>> = { pull: 100, push: 150, push_stream: 150, rank: 100 };
/** Times the bound: at the limit answers wait for each other, and a short run has its first calls among the slowest. */
const P99_FACTOR: Readonly<Record<ProfileName, number>> = {
  smoke: 10,
  load: 1,
  soak: 1,
  stress: 10,
  spike: 10,
};
/** Profiles whose rate the cluster must keep up with. */
const STEADY: readonly ProfileName[] = ['load', 'soak'];

export function optionsOf(script: Script): Options {
  const { load } = plan;
  const { operations, batches } = SCRIPTS[script];
  const thresholds: Record<string, string[]> = {};
  for (const operation of operations) {
    thresholds[`weir_failures{operation:${operation}}`] = ['rate==0'];
    thresholds[`weir_duration{operation:${operation}}`] = [`p(99)<${p99Ms(load, operation)}`];
    thresholds[`weir_rows{operation:${operation}}`] = ['count>0'];
  }
  if (STEADY.includes(load.profile)) thresholds.dropped_iterations = ['count==0'];
  return {
    scenarios: { [load.profile]: scenarioOf(load, batches) },
    thresholds,
    summaryTrendStats: ['avg', 'min', 'med', 'p(90)', 'p(99)', 'max'],
  };
}

function p99Ms({ profile, p99Ms }: LoadPlan, operation: Operation): number {
  return p99Ms ?? P99_MS[operation] * P99_FACTOR[profile];
}

/** Milliseconds; finer than the clock of the day. */
export function now(): number {
  return exec.instance.currentTestRunDuration;
}

export function succeeded(operation: Operation, count: number, begunMs: number): void {
  const tags = { operation };
  duration.add(now() - begunMs, tags);
  rows.add(count, tags);
  failures.add(false, tags);
}

let told = false;

/** The first of each client is told. */
export function failed(operation: Operation, reason: string): void {
  failures.add(true, { operation });
  if (!told) console.error(`${operation}: ${reason}`);
  told = true;
}
