// A feature of schema.json. Crosses get their side once all features are known.
import { type Fields, fieldsOf, isStrings, nameOf, oneOf, wrong } from './json-fields.ts';
import { CROSS_PARTS_MAX } from './limits.ts';
import { didYouMean } from './nearest-name.ts';
import type { Feature, FeatureSide, FeatureSource, FeatureType, FeatureValue, Transform } from './schema.ts';

const KEYS = ['name', 'type', 'side', 'transform', 'base', 'of', 'source', 'default'];
const TYPES = ['categorical', 'numeric', 'multi-valued'] as const satisfies FeatureType[];
/** From wide to narrow. */
const SIDES = ['context', 'document', 'exposure'] as const satisfies FeatureSide[];
const SOURCES = ['user', 'scene', 'id'] as const satisfies FeatureSource[];
const TRANSFORMS = ['hash', 'log-bucket', 'cross'] as const satisfies Transform['kind'][];
const DEFAULT_BASE = 2;
/** Below it a scale would have tens of thousands of buckets. */
const BASE_MIN = 1.01;

export function parseFeature(json: unknown): Feature {
  const name = nameOf(json, 'feature');
  const what = `feature "${name}"`;
  const fields = fieldsOf(json, what, KEYS);
  const kind = oneOf(fields.transform ?? 'hash', TRANSFORMS, `transform of ${what}`);
  refuseKey(fields.base !== undefined && kind !== 'log-bucket', what, 'base', 'log-bucket');
  refuseKey(fields.of !== undefined && kind !== 'cross', what, 'of', 'cross');
  if (kind === 'cross') return parseCross(name, what, fields);
  const type = oneOf(fields.type, TYPES, `type of ${what}`);
  const side = oneOf(fields.side, SIDES, `side of ${what}`);
  if (kind === 'log-bucket' && type !== 'numeric') {
    throw wrong(`${what} is ${type}; log-bucket takes a numeric feature`);
  }
  return {
    name,
    type,
    side,
    transform: kind === 'hash' ? { kind } : { kind, base: parseBase(fields.base, what) },
    ...(fields.source !== undefined && { source: parseSource(fields.source, what, type, side) }),
    ...(fields.default !== undefined && { default: parseDefault(fields.default, what, type) }),
  };
}

/** Gives each cross the narrowest side among its parts. */
export function resolveCrosses(features: readonly Feature[]): Feature[] {
  const byName = new Map(features.map((feature) => [feature.name, feature]));
  return features.map((feature) => {
    if (feature.transform.kind !== 'cross') return feature;
    const sides = feature.transform.of.map((part) => {
      const found = byName.get(part);
      const where = `feature "${feature.name}" crosses "${part}", which`;
      if (found === undefined) throw wrong(`${where} is no feature${didYouMean(part, [...byName.keys()])}`);
      if (found.transform.kind === 'cross') throw wrong(`${where} is a cross itself; name its parts instead`);
      return found.side;
    });
    return { ...feature, side: SIDES.findLast((side) => sides.includes(side))! };
  });
}

function parseCross(name: string, what: string, fields: Fields): Feature {
  for (const key of ['type', 'side', 'source', 'default']) {
    if (fields[key] !== undefined) {
      throw wrong(`${what} is a cross: its "${key}" follows from its parts; leave it out`);
    }
  }
  const { of } = fields;
  if (!isStrings(of) || of.length < 2 || of.length > CROSS_PARTS_MAX) {
    throw wrong(`${what} needs "of", the names of 2 to ${CROSS_PARTS_MAX} features`);
  }
  return { name, type: 'categorical', side: 'document', transform: { kind: 'cross', of } };
}

function refuseKey(given: boolean, what: string, key: string, owner: string): void {
  if (given) throw wrong(`${what} has "${key}", which only the transform ${owner} takes`);
}

function parseBase(value: unknown, what: string): number {
  if (value === undefined) return DEFAULT_BASE;
  if (typeof value === 'number' && value >= BASE_MIN && Number.isFinite(value)) return value;
  throw wrong(`${what} has base ${JSON.stringify(value)}; it is a number of at least ${BASE_MIN}`);
}

function parseSource(value: unknown, what: string, type: FeatureType, side: FeatureSide): FeatureSource {
  const source = oneOf(value, SOURCES, `source of ${what}`);
  const itsSide = source === 'id' ? 'document' : 'context';
  if (type === 'categorical' && side === itsSide) return source;
  throw wrong(`${what} takes the record's ${source}: it must be categorical, on the side ${itsSide}`);
}

function parseDefault(value: unknown, what: string, type: FeatureType): FeatureValue {
  if (type === 'categorical' && typeof value === 'string') return value;
  if (type === 'numeric' && typeof value === 'number') return value;
  if (type === 'multi-valued' && isStrings(value)) return value;
  throw wrong(`${what} is ${type}, its default is ${JSON.stringify(value)}`);
}
