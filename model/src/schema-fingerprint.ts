// The fingerprint of a schema: SHA-256 of its canonical form, in which everything left out stands with its
// default, names are sorted and keys have one order. Two files that mean the same have the same fingerprint.
import { createHash } from 'node:crypto';
import type { Feature, Label, Schema } from './schema.ts';

const CANONICAL_VERSION = 1;

export function schemaOf(features: readonly Feature[] | undefined, labels: readonly Label[]): Schema {
  const sortedFeatures = features && [...features].sort(byName);
  const sortedLabels = [...labels].sort(byName);
  const canonical = JSON.stringify({
    version: CANONICAL_VERSION,
    features: sortedFeatures?.map(canonicalFeature) ?? 'implicit',
    labels: sortedLabels.map(({ name, observationMs, attributionMs }) => ({
      name,
      observationMs,
      attributionMs,
    })),
  });
  const fingerprint = createHash('sha256').update(canonical).digest('hex');
  return { features: sortedFeatures, labels: sortedLabels, fingerprint };
}

/** Stands for the absence of a schema file. */
export const implicitSchema: Schema = schemaOf(undefined, []);

function canonicalFeature({ name, type, side, transform, source, default: fallback }: Feature): object {
  const { kind } = transform;
  const parameter =
    kind === 'log-bucket' ? { base: transform.base } : kind === 'cross' ? { of: transform.of } : {};
  return { name, type, side, transform: { kind, ...parameter }, source, default: fallback };
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
