import { parseSchema, type StaticInput, type StaticPart } from '@weir/model';
import { encodeFeatureBlock } from '@weir/proto';
import { describe, expect, it } from 'vitest';
import { requireInputs, staticFeeds } from './static-feeds.ts';

const schema = parseSchema(
  JSON.stringify({
    features: [
      { name: 'who', type: 'categorical', side: 'context', source: 'user' },
      { name: 'item', type: 'categorical', side: 'document', source: 'id' },
      { name: 'where', type: 'categorical', side: 'context', source: 'scene', default: 'front' },
      { name: 'device', type: 'categorical', side: 'context', default: 'unknown' },
      { name: 'price', type: 'numeric', side: 'document', default: 7 },
      { name: 'shelf', type: 'categorical', side: 'document' },
      { name: 'pos', type: 'categorical', side: 'exposure' },
      { name: 'both', transform: 'cross', of: ['device', 'shelf'] },
    ],
  }),
);

const input = (name: string, type: StaticInput['type'], side: StaticInput['side']): StaticInput => ({
  name,
  type,
  side,
});

const partOf = (...inputs: StaticInput[]): StaticPart => ({
  hash: 'h',
  schemaFingerprint: schema.fingerprint,
  labels: ['click'],
  width: 1,
  inputs,
});

const request = {
  servingId: '',
  timeMs: 0,
  user: 'ann',
  scene: '',
  docIds: ['a', 'b', 'c'],
  features: encodeFeatureBlock({
    docs: [{ features: { price: 2 } }, { features: { shelf: 'top' } }, { features: { price: 0.5 } }],
  }),
};

describe('feeds of a static part', () => {
  it('are values of the block, fields of the request, and defaults where a row has none', () => {
    const part = partOf(
      input('who', 'categorical', 'context'),
      input('item', 'categorical', 'document'),
      input('where', 'categorical', 'context'),
      input('device', 'categorical', 'context'),
      input('price', 'numeric', 'document'),
      input('shelf', 'categorical', 'document'),
    );
    requireInputs(part, schema);
    expect(staticFeeds(part, schema, request)).toEqual([
      { name: 'who', values: ['ann'] },
      { name: 'item', values: ['a', 'b', 'c'] },
      { name: 'where', values: ['front'] },
      { name: 'device', values: ['unknown'] },
      { name: 'price', values: Float32Array.of(2, 7, 0.5) },
      { name: 'shelf', values: ['', 'top', ''] },
    ]);
  });

  it('refuse a request whose feature is of another type', () => {
    const part = partOf(input('price', 'categorical', 'document'));
    expect(() => staticFeeds(part, { ...schema, features: undefined }, request)).toThrow(
      'the static part takes categorical "price": 0 values for 2 rows',
    );
  });

  it.each([
    [input('age', 'numeric', 'context'), 'takes "age", which is no feature of the schema'],
    [input('both', 'categorical', 'document'), 'takes "both", which is a cross'],
    [
      input('pos', 'categorical', 'document'),
      'takes "pos", categorical on the side document; in the schema it is categorical on the side exposure',
    ],
  ])('cannot be %j', (wrong, message) => {
    expect(() => requireInputs(partOf(wrong), schema)).toThrow(message);
  });
});
