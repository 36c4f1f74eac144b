// schema.json -> Schema. Whatever is wrong is refused here, by name, before anything is hashed.
import { WeirError } from '@weir/proto';
import { CROSS_PARTS_MAX, FEATURES_MAX, LABELS_MAX } from './limits.ts';
import { didYouMean } from './nearest-name.ts';
import type {
  Feature,
  FeatureSide,
  FeatureSource,
  FeatureType,
  FeatureValue,
  Label,
  Schema,
  Transform,
} from './schema.ts';
import { schemaOf } from './schema-fingerprint.ts';

const TYPES = ['categorical', 'numeric', 'multi-valued'] as const satisfies FeatureType[];
const SIDES = ['context', 'document', 'exposure'] as const satisfies FeatureSide[];
const SOURCES = ['user', 'scene', 'id'] as const satisfies FeatureSource[];
const TRANSFORMS = ['hash', 'log-bucket', 'cross'] as const satisfies Transform['kind'][];
const DEFAULT_BASE = 2;
/** Below it a scale would have tens of thousands of buckets. */
const BASE_MIN = 1.01;

const MINUTE_MS = 60_000;
/** Windows of the labels that most sites have; any other label states its own. */
const USUAL_LABELS: Readonly<Record<string, Omit<Label, 'name'>>> = {
  click: { observationMs: 10 * MINUTE_MS, attributionMs: 20 * MINUTE_MS },
  cart: { observationMs: 30 * MINUTE_MS, attributionMs: 120 * MINUTE_MS },
  purchase: { observationMs: 30 * MINUTE_MS, attributionMs: 1440 * MINUTE_MS },
};

type Fields = Readonly<Record<string, unknown>>;

/**
 * @param file what the text came from, for messages
 * @throws WeirError CONFIGURATION naming the file, the feature or label, and the nearest known name
 */
export function parseSchema(text: string, file = 'schema.json'): Schema {
  const fail = (what: string) => new WeirError('CONFIGURATION', `${file}: ${what}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw fail(`is not JSON (${(error as Error).message})`);
  }
  const parser = new Parser(fail);
  const root = parser.fields(json, 'the schema', ['features', 'labels']);
  const features = parser.list(root.features, 'features', FEATURES_MAX).map((one) => parser.feature(one));
  const labels = parser.list(root.labels ?? [], 'labels', LABELS_MAX).map((one) => parser.label(one));
  parser.unique(features, 'feature');
  parser.unique(labels, 'label');
  return schemaOf(parser.resolveCrosses(features), labels);
}

class Parser {
  readonly #fail: (what: string) => WeirError;

  constructor(fail: (what: string) => WeirError) {
    this.#fail = fail;
  }

  feature(json: unknown): Feature {
    const known = ['name', 'type', 'side', 'transform', 'base', 'of', 'source', 'default'];
    const name = this.#name(json, 'feature');
    const what = `feature "${name}"`;
    const fields = this.fields(json, what, known);
    const kind = this.#oneOf(fields.transform ?? 'hash', TRANSFORMS, `transform of ${what}`);
    for (const [key, owner] of [
      ['base', 'log-bucket'],
      ['of', 'cross'],
    ] as const) {
      if (fields[key] !== undefined && kind !== owner)
        throw this.#fail(`${what} has "${key}", which only ${owner} takes`);
    }
    if (kind === 'cross') return this.#cross(name, what, fields);
    const type = this.#oneOf(fields.type, TYPES, `type of ${what}`);
    const side = this.#oneOf(fields.side, SIDES, `side of ${what}`);
    if (kind === 'log-bucket' && type !== 'numeric')
      throw this.#fail(`${what} is ${type}; log-bucket takes a numeric feature`);
    const transform = kind === 'hash' ? { kind } : { kind, base: this.#base(fields.base, what) };
    return {
      name,
      type,
      side,
      transform,
      ...this.#source(fields.source, what, type, side),
      ...this.#default(fields.default, what, type),
    };
  }

  label(json: unknown): Label {
    const name = this.#name(json, 'label');
    const what = `label "${name}"`;
    const fields = {
      ...USUAL_LABELS[name],
      ...this.fields(json, what, ['name', 'observationMs', 'attributionMs']),
    };
    const duration = (key: 'observationMs' | 'attributionMs') => {
      const value = fields[key];
      if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
      throw this.#fail(`${what} needs "${key}", a positive whole number of milliseconds`);
    };
    const label = {
      name,
      observationMs: duration('observationMs'),
      attributionMs: duration('attributionMs'),
    };
    if (label.observationMs > label.attributionMs)
      throw this.#fail(`${what} observes longer than it attributes`);
    return label;
  }

  /** A cross belongs to the narrowest side among its parts. */
  resolveCrosses(features: readonly Feature[]): Feature[] {
    const byName = new Map(features.map((feature) => [feature.name, feature]));
    return features.map((feature) => {
      if (feature.transform.kind !== 'cross') return feature;
      const sides = feature.transform.of.map((part) => {
        const found = byName.get(part);
        const where = `feature "${feature.name}" crosses "${part}", which`;
        if (found === undefined)
          throw this.#fail(`${where} is no feature${didYouMean(part, [...byName.keys()])}`);
        if (found.transform.kind === 'cross')
          throw this.#fail(`${where} is a cross itself; name its parts instead`);
        return found.side;
      });
      const side = SIDES.findLast((candidate) => sides.includes(candidate))!;
      return { ...feature, side };
    });
  }

  unique(named: readonly { readonly name: string }[], what: string): void {
    const seen = new Set<string>();
    for (const { name } of named) {
      if (seen.has(name)) throw this.#fail(`${what} "${name}" stands twice`);
      seen.add(name);
    }
  }

  fields(json: unknown, what: string, known: readonly string[]): Fields {
    if (typeof json !== 'object' || json === null || Array.isArray(json))
      throw this.#fail(`${what} must be an object`);
    for (const key of Object.keys(json)) {
      if (!known.includes(key))
        throw this.#fail(`${what} has the unknown key "${key}"${didYouMean(key, known)}`);
    }
    return json as Fields;
  }

  list(json: unknown, what: string, max: number): unknown[] {
    if (!Array.isArray(json)) throw this.#fail(`"${what}" must be an array`);
    if (json.length > max) throw this.#fail(`"${what}" has ${json.length} members; at most ${max}`);
    return json;
  }

  #cross(name: string, what: string, fields: Fields): Feature {
    for (const key of ['type', 'side', 'source', 'default']) {
      if (fields[key] !== undefined)
        throw this.#fail(`${what} is a cross: its "${key}" follows from its parts; leave it out`);
    }
    const of = fields.of;
    if (!isStrings(of) || of.length < 2 || of.length > CROSS_PARTS_MAX) {
      throw this.#fail(`${what} needs "of", the names of 2 to ${CROSS_PARTS_MAX} features`);
    }
    return { name, type: 'categorical', side: 'document', transform: { kind: 'cross', of } };
  }

  #name(json: unknown, what: string): string {
    const name = (json as { name?: unknown } | null)?.name;
    if (typeof name !== 'string' || name === '')
      throw this.#fail(`a ${what} has no "name": ${JSON.stringify(json)}`);
    return name;
  }

  #oneOf<T extends string>(value: unknown, known: readonly T[], what: string): T {
    const found = known.find((one) => one === value);
    if (found !== undefined) return found;
    const given = value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`;
    throw this.#fail(
      `the ${what} ${given}; it is one of ${known.join(', ')}${didYouMean(String(value), known)}`,
    );
  }

  #base(value: unknown, what: string): number {
    if (value === undefined) return DEFAULT_BASE;
    if (typeof value === 'number' && value >= BASE_MIN && Number.isFinite(value)) return value;
    throw this.#fail(`${what} has base ${JSON.stringify(value)}; it is a number of at least ${BASE_MIN}`);
  }

  #source(value: unknown, what: string, type: FeatureType, side: FeatureSide): { source?: FeatureSource } {
    if (value === undefined) return {};
    const source = this.#oneOf(value, SOURCES, `source of ${what}`);
    const itsSide = source === 'id' ? 'document' : 'context';
    if (type !== 'categorical' || side !== itsSide) {
      throw this.#fail(
        `${what} takes the record's ${source}: it must be categorical, on the side ${itsSide}`,
      );
    }
    return { source };
  }

  #default(value: unknown, what: string, type: FeatureType): { default?: FeatureValue } {
    if (value === undefined) return {};
    if (type === 'categorical' && typeof value === 'string') return { default: value };
    if (type === 'numeric' && typeof value === 'number') return { default: value };
    if (type === 'multi-valued' && isStrings(value)) return { default: value };
    throw this.#fail(`${what} is ${type}, its default is ${JSON.stringify(value)}`);
  }
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
