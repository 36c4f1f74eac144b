// How old behaviour is when it has come through each stage: read from what the services show to Prometheus, all processes
// of a service together, since their start.
import { FRESHNESS_STAGES, type FreshnessStage } from '@weir/runtime';
import { ADMIN_TIMEOUT_MS } from '../limits.ts';
import type { FigureSources } from './service-figures.ts';

export interface StageFreshness {
  readonly stage: FreshnessStage;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

const BUCKET = /^weir_freshness_bucket\{(.*)\} (\d+)/gm;

/** Services that do not answer just now are left out. */
export async function readStageFreshness(sources: FigureSources): Promise<StageFreshness[]> {
  const admins = [...sources.stitcherAdmins(), ...sources.trainerAdmins(), sources.predictorAdmin];
  const texts = await Promise.all(admins.map((admin) => readMetrics(admin).catch(() => '')));
  return stageFreshness(texts);
}

async function readMetrics(admin: string): Promise<string> {
  const response = await fetch(`http://${admin}/metrics`, { signal: AbortSignal.timeout(ADMIN_TIMEOUT_MS) });
  return await response.text();
}

/** @param texts in Prometheus' text format, of one process each. */
export function stageFreshness(texts: readonly string[]): StageFreshness[] {
  return FRESHNESS_STAGES.map((stage) => {
    const buckets = new Map<number, number>();
    for (const text of texts) addBuckets(buckets, text, stage);
    const sorted = [...buckets].sort(([a], [b]) => a - b);
    return { stage, p50Ms: quantileMs(sorted, 0.5), p99Ms: quantileMs(sorted, 0.99) };
  });
}

function addBuckets(buckets: Map<number, number>, text: string, stage: string): void {
  for (const [, labels, count] of text.matchAll(BUCKET)) {
    const bound = /\ble="([^"]+)"/.exec(labels!)?.[1];
    if (bound === undefined || !labels!.includes(`stage="${stage}"`)) continue;
    const boundS = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound);
    buckets.set(boundS, (buckets.get(boundS) ?? 0) + Number(count));
  }
}

/** As Prometheus estimates it: evenly spread within a bucket; the highest finite bound for what is beyond. */
function quantileMs(
  buckets: readonly (readonly [boundS: number, below: number])[],
  q: number,
): number | null {
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total === 0) return null;
  const index = buckets.findIndex(([, below]) => below >= q * total);
  const [boundS, below] = buckets[index]!;
  const [lowS, belowLow] = buckets[index - 1] ?? [0, 0];
  if (boundS === Number.POSITIVE_INFINITY) return lowS * 1000;
  return 1000 * (lowS + ((boundS - lowS) * (q * total - belowLow)) / (below - belowLow));
}
