import { type Link, ROOT_CONTEXT, type SpanContext, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import { SamplingDecision } from '@opentelemetry/sdk-trace';
import { describe, expect, it } from 'vitest';
import { createSampler } from './sampler.ts';

const TRACE_ID = 'ffffffff000000000000000000000000';

const spanContext = (isSampled: boolean): SpanContext => ({
  traceId: TRACE_ID,
  spanId: '1234567890abcdef',
  isRemote: true,
  traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
});

function isSampled(
  settings: Parameters<typeof createSampler>[0],
  { parent, links = [] }: { parent?: SpanContext; links?: Link[] },
): boolean {
  const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
  const sampler = createSampler(settings);
  const { decision } = sampler.shouldSample(context, TRACE_ID, 'work', SpanKind.INTERNAL, {}, links);
  return decision === SamplingDecision.RECORD_AND_SAMPLED;
}

describe('a parent-based sampler', () => {
  const none = { isParentBased: true, ratio: 0 };
  const all = { isParentBased: true, ratio: 1 };

  it('does as the parent, whatever the share', () => {
    expect(isSampled(none, { parent: spanContext(true) })).toBe(true);
    expect(isSampled(all, { parent: spanContext(false) })).toBe(false);
  });

  it('follows a sampled request into the batch that has it', () => {
    const links = [{ context: spanContext(false) }, { context: spanContext(true) }];
    expect(isSampled(none, { links })).toBe(true);
  });

  it('leaves a batch of requests that are not sampled to the share', () => {
    const links = [{ context: spanContext(false) }];
    expect(isSampled(none, { links })).toBe(false);
    expect(isSampled(all, { links })).toBe(true);
  });
});

it('without parents, the share of trace ids alone decides', () => {
  const half = { isParentBased: false, ratio: 0.5 };
  expect(isSampled(half, { parent: spanContext(true) })).toBe(false);
  expect(isSampled({ ...half, ratio: 1 }, { parent: spanContext(false) })).toBe(true);
});
