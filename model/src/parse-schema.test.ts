import { WeirError } from '@weir/proto';
import { describe, expect, it } from 'vitest';
import { parseSchema } from './parse-schema.ts';
import { implicitSchema } from './schema-fingerprint.ts';

const price = { name: 'price', type: 'numeric', side: 'document', transform: 'log-bucket' };
const device = { name: 'device', type: 'categorical', side: 'context', default: 'unknown' };
const pos = { name: 'pos', type: 'categorical', side: 'exposure' };
const cross = { name: 'device_pos', transform: 'cross', of: ['device', 'pos'] };
const features = [price, device, pos, cross];

const parse = (schema: unknown) => parseSchema(JSON.stringify(schema), 'my.json');

function problem(schema: unknown): string {
  try {
    parse(schema);
  } catch (error) {
    expect(error).toBeInstanceOf(WeirError);
    expect((error as WeirError).code).toBe('CONFIGURATION');
    return (error as WeirError).message;
  }
  throw new Error('the schema was accepted');
}

describe('parseSchema', () => {
  it('fills in transforms, bases, sides of crosses and the windows of usual labels', () => {
    const schema = parse({ features, labels: [{ name: 'click' }] });
    expect(schema.features?.map((feature) => feature.name)).toEqual(['device', 'device_pos', 'pos', 'price']);
    expect(schema.features?.[1]).toMatchObject({
      side: 'exposure',
      transform: { kind: 'cross', of: ['device', 'pos'] },
    });
    expect(schema.features?.[3]?.transform).toEqual({ kind: 'log-bucket', base: 2 });
    expect(schema.labels).toEqual([{ name: 'click', observationMs: 600_000, attributionMs: 1_200_000 }]);
  });

  it('gives one fingerprint to files that mean the same, another to any change', () => {
    const { fingerprint } = parse({ features });
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    const same = { features: [cross, pos, device, { ...price, base: 2 }], labels: [] };
    expect(parse(same).fingerprint).toBe(fingerprint);
    const others = [
      { features: [{ ...price, base: 3 }, device, pos, cross] },
      { features: [price, { ...device, default: 'none' }, pos, cross] },
      { features: [price, device, pos, { ...cross, of: ['pos', 'device'] }] },
      { features, labels: [{ name: 'click' }] },
    ];
    const fingerprints = others.map((schema) => parse(schema).fingerprint);
    expect(new Set([fingerprint, implicitSchema.fingerprint, ...fingerprints]).size).toBe(6);
  });

  it('keeps the golden fingerprints, which stand in logged records', () => {
    expect(implicitSchema.fingerprint).toBe(
      '73d78fb1f7dda6950c31a8a3779add7e41874edeebeb1aa510d2243b65f93619',
    );
    expect(parse({ features }).fingerprint).toBe(
      '8683be47b43e51d110e75581fd0f7f8301acd2ea19219f866eb18d5300cb0554',
    );
  });

  it.each([
    [
      { features: [{ ...price, tranform: 'hash' }] },
      'feature "price" has the unknown key "tranform"; did you mean "transform"?',
    ],
    [
      { features: [{ ...price, type: 'numric' }] },
      'the type of feature "price" is "numric"; it is one of categorical, numeric, multi-valued; did you mean "numeric"?',
    ],
    [{ features: [{ name: 'price', type: 'numeric' }] }, 'the side of feature "price" is missing'],
    [
      { features: [device, { ...cross, of: ['devise', 'device'] }] },
      'feature "device_pos" crosses "devise", which is no feature; did you mean "device"?',
    ],
    [
      { features: [device, pos, cross, { ...cross, name: 'deeper', of: ['device_pos', 'pos'] }] },
      'feature "deeper" crosses "device_pos", which is a cross itself',
    ],
    [{ features: [{ ...cross, side: 'context' }] }, 'feature "device_pos" is a cross: its "side" follows'],
    [{ features: [{ ...cross, of: ['pos'] }] }, 'needs "of", the names of 2 to 4 features'],
    [{ features: [pos, pos] }, 'feature "pos" stands twice'],
    [{ features: [{ type: 'numeric' }] }, 'a feature has no "name"'],
    [{ features: [{ ...device, base: 3 }] }, 'has "base", which only the transform log-bucket takes'],
    [{ features: [{ ...price, base: 1 }] }, 'feature "price" has base 1'],
    [{ features: [{ ...device, transform: 'log-bucket' }] }, 'log-bucket takes a numeric feature'],
    [{ features: [{ ...price, default: 'x' }] }, 'feature "price" is numeric, its default is "x"'],
    [
      { features: [{ ...device, source: 'id' }] },
      "takes the record's id: it must be categorical, on the side document",
    ],
    [{ features, labels: [{ name: 'like' }] }, 'label "like" needs "observationMs"'],
    [{ features, labels: [{ name: 'click', observationMs: 9e9 }] }, 'observes longer than it attributes'],
    [{ labels: [] }, '"features" must be an array'],
    [[], 'the schema must be an object'],
  ])('refuses %j', (schema, message) => {
    expect(problem(schema)).toContain(message);
    expect(problem(schema)).toMatch(/^my\.json: /);
  });

  it('names the file that is not JSON', () => {
    expect(() => parseSchema('{', 'broken.json')).toThrow(/^broken\.json: /);
  });
});
