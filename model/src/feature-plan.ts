// A schema made ready for decoding: names hashed, defaults hashed, features in the order of their entries.
import { addNumber, addString, type EntryKey, type Hashing } from './column-entries.ts';
import { EntryBuffer } from './entry-buffer.ts';
import { keyWords, numericKey } from './feature-key.ts';
import { bucketBounds } from './log-bucket.ts';
import type { Feature } from './schema.ts';

export interface FeaturePlan extends Hashing {
  readonly name: string;
  readonly type: Feature['type'];
  readonly side: Feature['side'];
  readonly source: Feature['source'];
  /** Names of the features that a cross combines. */
  readonly parts: readonly string[] | undefined;
}

export interface FeaturePlans {
  /** Context first, since its entries are shared; on each side crosses after what they combine. */
  readonly inOrder: readonly FeaturePlan[];
  readonly byName: ReadonlyMap<string, FeaturePlan>;
  /** In the order of the schema. */
  readonly names: readonly string[];
}

export function planFeatures(features: readonly Feature[]): FeaturePlans {
  const rank = (plan: FeaturePlan) => (plan.side === 'context' ? 0 : 2) + (plan.parts === undefined ? 0 : 1);
  const inOrder = features.map(planFeature).sort((a, b) => rank(a) - rank(b) || a.feature - b.feature);
  const byName = new Map(inOrder.map((plan) => [plan.name, plan]));
  return { inOrder, byName, names: features.map((feature) => feature.name) };
}

function planFeature(feature: Feature, index: number): FeaturePlan {
  const { name, type, side, source, transform } = feature;
  const hashing = {
    feature: index,
    ...keyWords(numericKey(name)),
    bounds: transform.kind === 'log-bucket' ? bucketBounds(transform.base) : undefined,
    fallback: [],
  };
  const parts = transform.kind === 'cross' ? transform.of : undefined;
  return { ...hashing, fallback: fallbackOf(feature, hashing), name, type, side, source, parts };
}

function fallbackOf(feature: Feature, hashing: Hashing): EntryKey[] {
  const value = feature.default;
  if (value === undefined) return [];
  const buffer = new EntryBuffer();
  if (typeof value === 'number') addNumber(buffer, value, 0, hashing);
  else for (const one of typeof value === 'string' ? [value] : value) addString(buffer, one, 0, hashing);
  return Array.from({ length: buffer.size }, (_, entry) => ({
    low: buffer.keys[2 * entry]!,
    high: buffer.keys[2 * entry + 1]!,
    weight: buffer.weights[entry]!,
  }));
}
