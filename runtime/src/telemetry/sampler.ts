// Which traces are recorded: by trace id and by the parent; never by a key or a user.
import { ParentBasedSampler, type Sampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import type { SamplerSettings } from './settings.ts';

export function createSampler({ isParentBased, ratio }: SamplerSettings): Sampler {
  const byTraceId = new TraceIdRatioBasedSampler(ratio);
  return isParentBased ? new ParentBasedSampler({ root: byTraceId }) : byTraceId;
}
