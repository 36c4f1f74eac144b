// Which traces are recorded. Decided by trace id, parents and links; never by a key or a user.
import type { Context, Link, SpanAttributes, SpanKind } from '@opentelemetry/api';
import { TraceFlags } from '@opentelemetry/api';
import {
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  type SamplingResult,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import type { SamplerSettings } from './settings.ts';

export function createSampler({ isParentBased, ratio }: SamplerSettings): Sampler {
  const byTraceId = new TraceIdRatioBasedSampler(ratio);
  // A share of 0 means no trace: nothing can be linked to one then, unless another process samples.
  return isParentBased ? new ParentBasedSampler({ root: new LinkSampler(byTraceId) }) : byTraceId;
}

/**
 * Samples what is linked to a sampled span, else leaves it to another sampler. A batch mixes requests, so its span has
 * links instead of a parent, and begins a trace: without this rule a sampled request would be lost at the first batch.
 */
export class LinkSampler implements Sampler {
  readonly #otherwise: Sampler;

  constructor(otherwise: Sampler) {
    this.#otherwise = otherwise;
  }

  shouldSample(
    context: Context,
    traceId: string,
    name: string,
    kind: SpanKind,
    attributes: SpanAttributes,
    links: Link[],
  ): SamplingResult {
    if (links.some((link) => (link.context.traceFlags & TraceFlags.SAMPLED) !== 0)) {
      return { decision: SamplingDecision.RECORD_AND_SAMPLED };
    }
    return this.#otherwise.shouldSample(context, traceId, name, kind, attributes, links);
  }

  toString(): string {
    return `LinkSampler{${this.#otherwise}}`;
  }
}
