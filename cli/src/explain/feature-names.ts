// From keys back to features: a key is a hash, so every value of a request is hashed again. Pure.
import { categoricalKey, type ExampleInput, type Examples, numericKey, type Schema } from '@weir/model';
import { type PackedKeys, unpackKeys, xxHash64 } from '@weir/proto';
import { FeatureBlock } from '@weir/proto/v1/features';

/** Of what `lr` and its like call the bias: no feature has an empty name. */
const BIAS = xxHash64('');

/** `name=value`; the name alone for numbers, buckets and crosses. */
export function featureNames(input: ExampleInput, examples: Examples, schema: Schema): Map<bigint, string> {
  const names = new Map<bigint, string>([[BIAS, 'bias']]);
  const keys = unpackKeys(examples.keys as PackedKeys);
  keys.forEach((key, entry) => {
    names.set(key, examples.features[examples.feature[entry]!]!);
  });
  const value = (name: string, text: string): void => {
    names.set(categoricalKey(name, text), `${name}=${text}`);
  };
  const { context, document, exposure } = FeatureBlock.decode(input.features);
  for (const { name, categorical, multi } of [...context, ...document, ...exposure]) {
    names.set(numericKey(name), name);
    for (const text of [...categorical, ...multi]) value(name, text);
  }
  for (const { name, source, default: fallback } of schema.features ?? []) {
    const texts = { user: [input.user], scene: [input.scene], id: input.docIds };
    if (source !== undefined) for (const text of texts[source]) value(name, text);
    if (typeof fallback === 'string') value(name, fallback);
    else if (Array.isArray(fallback)) for (const text of fallback) value(name, text);
  }
  return names;
}
