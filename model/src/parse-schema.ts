// schema.json -> Schema. Whatever is wrong is refused here, by name, before anything is hashed.
import { FEATURES_MAX, WeirError } from '@weir/proto';
import { fieldsOf, listOf, wrong } from './json-fields.ts';
import { LABELS_MAX } from './limits.ts';
import { parseFeature, resolveCrosses } from './parse-feature.ts';
import { parseLabel } from './parse-label.ts';
import type { Schema } from './schema.ts';
import { schemaOf } from './schema-fingerprint.ts';

/**
 * @param file what the text came from, for messages
 * @throws WeirError CONFIGURATION naming the file, the feature or label, and the nearest known name
 */
export function parseSchema(text: string, file = 'schema.json'): Schema {
  try {
    const root = fieldsOf(JSON.parse(text), 'the schema', ['features', 'labels']);
    const features = listOf(root.features, 'features', FEATURES_MAX).map(parseFeature);
    const labels = listOf(root.labels ?? [], 'labels', LABELS_MAX).map(parseLabel);
    refuseTwice(features, 'feature');
    refuseTwice(labels, 'label');
    return schemaOf(resolveCrosses(features), labels);
  } catch (error) {
    throw new WeirError('CONFIGURATION', `${file}: ${(error as Error).message}`, { cause: error });
  }
}

function refuseTwice(named: readonly { readonly name: string }[], what: string): void {
  const seen = new Set<string>();
  for (const { name } of named) {
    if (seen.has(name)) throw wrong(`${what} "${name}" stands twice`);
    seen.add(name);
  }
}
