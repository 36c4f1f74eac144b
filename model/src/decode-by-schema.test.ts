import { encodeFeatureBlock, type FeatureBlockInput } from '@weir/proto';
import { describe, expect, it } from 'vitest';
import { createExampleDecoder } from './decode-examples.ts';
import type { Phase } from './examples.ts';
import { categoricalKey, crossKey, numericKey } from './feature-key.ts';
import { parseSchema } from './parse-schema.ts';

const schema = parseSchema(
  JSON.stringify({
    features: [
      { name: 'device', type: 'categorical', side: 'context', default: 'unknown' },
      { name: 'user', type: 'categorical', side: 'context', source: 'user' },
      { name: 'item', type: 'categorical', side: 'document', source: 'id' },
      { name: 'price', type: 'numeric', side: 'document', transform: 'log-bucket' },
      { name: 'score', type: 'numeric', side: 'document', default: 0.5 },
      { name: 'tags', type: 'multi-valued', side: 'document' },
      { name: 'pos', type: 'categorical', side: 'exposure', default: '1' },
      { name: 'shelf', type: 'categorical', side: 'exposure' },
      { name: 'device_pos', transform: 'cross', of: ['device', 'pos'] },
      { name: 'device_shelf', transform: 'cross', of: ['device', 'shelf'] },
      { name: 'score_tags', transform: 'cross', of: ['score', 'tags'] },
      { name: 'device_user', transform: 'cross', of: ['user', 'device'] },
    ],
  }),
);
const decoder = createExampleDecoder(schema);

/** Per document: feature -> [[key, weight], ...], shared entries included. */
function decode(block: FeatureBlockInput, phase: Phase, rows?: number[]) {
  const ids = (rows ?? block.docs.map((_, i) => i)).map((row) => `item-${row}`);
  const request = { features: encodeFeatureBlock(block), user: 'u1', scene: '', docIds: ids };
  const examples = decoder.decode(
    rows === undefined ? request : { ...request, rows: Uint32Array.from(rows) },
    phase,
  );
  return ids.map((_, document) => {
    const found: Record<string, [bigint, number][]> = {};
    for (let entry = 0; entry < examples.entries; entry++) {
      if (entry >= examples.shared && examples.document[entry] !== document) continue;
      const key = (BigInt(examples.keys[2 * entry + 1]!) << 32n) | BigInt(examples.keys[2 * entry]!);
      const name = examples.features[examples.feature[entry]!]!;
      found[name] = [...(found[name] ?? []), [key, examples.weights[entry]!]];
    }
    return found;
  });
}

const block = {
  context: { device: 'mobile' },
  docs: [
    { features: { price: 7, score: 2, tags: ['x', 'y'] }, exposure: { pos: '3', shelf: 'top' } },
    { features: { price: -0.5 }, exposure: { pos: '4' } },
  ],
};
const key = categoricalKey;
const device = key('device', 'mobile');

describe('decoding by a schema', () => {
  it('gives columns, record fields, defaults, buckets and crosses', () => {
    const [first, second] = decode(block, 'train');
    expect(first).toEqual({
      device: [[device, 1]],
      user: [[key('user', 'u1'), 1]],
      device_user: [[crossKey('device_user', [key('user', 'u1'), device]), 1]],
      item: [[key('item', 'item-0'), 1]],
      price: [[key('price', '3'), 1]],
      score: [[numericKey('score'), 2]],
      tags: [
        [key('tags', 'x'), 1],
        [key('tags', 'y'), 1],
      ],
      pos: [[key('pos', '3'), 1]],
      shelf: [[key('shelf', 'top'), 1]],
      device_pos: [[crossKey('device_pos', [device, key('pos', '3')]), 1]],
      device_shelf: [[crossKey('device_shelf', [device, key('shelf', 'top')]), 1]],
      score_tags: ['x', 'y'].map((tag) => [
        crossKey('score_tags', [numericKey('score'), key('tags', tag)]),
        2,
      ]),
    });
    expect(second).toMatchObject({ price: [[key('price', '0'), 1]], score: [[numericKey('score'), 0.5]] });
    for (const absent of ['tags', 'shelf', 'device_shelf', 'score_tags'])
      expect(second).not.toHaveProperty(absent);
  });

  it('serves exposure features with their default, or with nothing, also within crosses', () => {
    for (const document of decode(block, 'serve')) {
      expect(document).toMatchObject({
        pos: [[key('pos', '1'), 1]],
        device_pos: [[crossKey('device_pos', [device, key('pos', '1')]), 1]],
      });
      expect(document).not.toHaveProperty('shelf');
      expect(document).not.toHaveProperty('device_shelf');
    }
  });

  it('stands in for a feature that the whole request lacks', () => {
    const [only] = decode({ docs: [{}] }, 'train');
    expect(only).toMatchObject({ device: [[key('device', 'unknown'), 1]], pos: [[key('pos', '1'), 1]] });
  });

  it('gives chosen rows the entries that they have in the whole', () => {
    const whole = decode(block, 'train');
    const chosen = decode(block, 'train', [1]);
    expect(chosen[0]).toEqual(whole[1]);
  });

  it('ignores columns that the schema does not name', () => {
    const more = { ...block, context: { ...block.context, weather: 'rain' } };
    expect(decode(more, 'train')).toEqual(decode(block, 'train'));
  });

  it.each([
    [
      { docs: [{ features: { price: '7' } }] },
      'feature "price" is numeric on the side document in the schema, but categorical',
    ],
    [
      { context: { price: 7 }, docs: [{}] },
      'feature "price" is numeric on the side document in the schema, but numeric on the side context',
    ],
  ])('refuses %j', (wrong, message) => {
    expect(() => decode(wrong, 'train')).toThrow(message);
  });
});
