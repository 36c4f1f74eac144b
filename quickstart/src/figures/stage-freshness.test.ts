import { describe, expect, it } from 'vitest';
import { stageFreshness } from './stage-freshness.ts';

const buckets = (stage: string, ...counts: readonly (readonly [string, number])[]) =>
  counts
    .map(
      ([le, count]) =>
        `weir_freshness_bucket{otel_scope_name="weir.runtime",stage="${stage}",le="${le}"} ${count}`,
    )
    .join('\n');

describe('freshness by stage', () => {
  it('is estimated from the buckets of all processes together', () => {
    const one = buckets('stitched', ['0.1', 10], ['0.5', 40], ['+Inf', 50]);
    const other = buckets('stitched', ['0.1', 10], ['0.5', 50], ['+Inf', 50]);
    const [stitched] = stageFreshness([one, `# HELP something else\n${other}\nother_bucket{le="0.1"} 7`]);
    // Of 100, 20 are below 0.1 s and 90 below 0.5 s; the 99th is beyond all bounds.
    expect(stitched).toEqual({
      stage: 'stitched',
      p50Ms: expect.closeTo(100 + (400 * 30) / 70, 9),
      p99Ms: 500,
    });
  });

  it('keeps stages apart, and says nothing of one that nobody has seen', () => {
    const stages = stageFreshness([buckets('learned', ['0.1', 1], ['+Inf', 1]), '']);
    expect(stages.map(({ stage, p50Ms }) => [stage, p50Ms])).toEqual([
      ['stitched', null],
      ['learned', 50],
      ['pushed', null],
      ['delivered', null],
      ['answered', null],
    ]);
  });
});
