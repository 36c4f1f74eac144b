// How old behaviour is when it has come through a stage: always from the collector's append, so that the difference of two
// stages is what lies between them. One instrument for all services; each records the stages that it sees the end of.
import { meter } from './meter.ts';

/**
 * `stitched`: in a sample that the stitcher emits (under `wait` its window is in it). `learned`: gradients computed.
 * `pushed`: acknowledged by every shard. `delivered`: in the predictor's replica. `answered`: the first answer after that.
 */
export const FRESHNESS_STAGES = ['stitched', 'learned', 'pushed', 'delivered', 'answered'] as const;
export type FreshnessStage = (typeof FRESHNESS_STAGES)[number];

/** Call it inside `start`. @returns takes Unix ms of the behaviour and of now; a behaviour of 0 is none. */
export function freshnessOf(stage: FreshnessStage): (behaviourMs: number, nowMs: number) => void {
  const histogram = meter('weir.runtime').createHistogram('weir.freshness', {
    unit: 's',
    description: "From the collector's append of behaviour to the end of a stage",
  });
  const attributes = { stage };
  return (behaviourMs, nowMs) => {
    if (behaviourMs > 0) histogram.record(Math.max(0, nowMs - behaviourMs) / 1000, attributes);
  };
}
