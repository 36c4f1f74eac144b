// A join driven by hand, its outputs decoded and their order checked.
import { BehaviourEvent, FeatureRecord, SampleRecord, SideRecord } from '@weir/proto/v1/records';
import { expect } from 'vitest';
import { Join } from '../core/join.ts';
import type { Policy } from '../core/join-options.ts';
import { WATERMARK_BOUND_MS } from '../core/limits.ts';
import { END_OF_TIME_MS } from '../core/stream-clock.ts';
import { TEST_PLAN } from './arbitrary-streams.ts';
import type { NaiveResult, StreamItem } from './naive-join.ts';
import { type DecodedOutputs, plainResult } from './plain-outputs.ts';

export const NOW_MS = 1_000_000_000;

export class JoinRun {
  readonly join: Join;
  readonly outputs: DecodedOutputs = { samples: [], late: [], orphans: [], rejected: [] };
  progressMs = 0;

  constructor(policy: Policy = 'wait') {
    this.join = new Join({ plan: TEST_PLAN, policy, partition: 1, liveBoundMs: WATERMARK_BOUND_MS });
  }

  features(item: StreamItem<FeatureRecord>, offset: number): void {
    if ('progressMs' in item) {
      this.join.clock('features').progress(item.progressMs);
      return;
    }
    const value = FeatureRecord.encode(item.record).finish();
    this.join.features({ offset, value, record: FeatureRecord.decode(value) }, NOW_MS);
  }

  behaviour(item: StreamItem<BehaviourEvent>, offset: number): void {
    if ('progressMs' in item) {
      this.join.clock('behaviour').progress(item.progressMs);
      return;
    }
    const value = BehaviourEvent.encode(item.record).finish();
    this.join.behaviour({ offset, value, record: BehaviourEvent.decode(value) }, NOW_MS);
  }

  fire(toMs = this.join.watermarkMs): void {
    if (toMs <= this.join.firedMs) return;
    this.join.fire(toMs, this.join.due(toMs, []));
    this.join.forget(toMs - TEST_PLAN.retentionMs);
  }

  takeStep(): void {
    const { outputs } = this.join.takeStep();
    for (const { value, progressTimeMs } of outputs.samples) {
      if (value !== undefined) {
        const sample = SampleRecord.decode(value);
        expect(sample.knownTimeMs).toBeGreaterThanOrEqual(
          Math.max(this.progressMs, this.outputs.samples.at(-1)?.knownTimeMs ?? 0),
        );
        this.outputs.samples.push(sample);
      } else {
        expect(progressTimeMs).toBeGreaterThan(this.progressMs);
        this.progressMs = progressTimeMs!;
      }
    }
    for (const stream of ['late', 'orphans', 'rejected'] as const) {
      for (const { value } of outputs[stream]) this.outputs[stream].push(SideRecord.decode(value!));
    }
  }

  end(): void {
    this.features({ progressMs: END_OF_TIME_MS }, 0);
    this.behaviour({ progressMs: END_OF_TIME_MS }, 0);
    this.fire();
    this.takeStep();
  }

  result(): NaiveResult {
    return plainResult(this.outputs, this.join.counters);
  }
}
