import { readFile } from 'node:fs/promises';
import { implicitSchema, parseStaticPart } from '@weir/model';
import { describe, expect, it } from 'vitest';
import { MOVIELENS } from '../movielens-set.ts';
import { trainMovielensStaticPart } from './movielens-static-part.ts';

describe('the static part that is shipped', () => {
  it('is what training on the first 30 % gives, byte for byte', async () => {
    const { onnx, factors, ratings } = await trainMovielensStaticPart();
    expect(ratings).toBe(30_250);
    expect(factors.losses.at(-1)!).toBeLessThan(factors.losses[0]!);
    const shipped = await readFile(MOVIELENS.staticPart);
    expect(shipped.equals(onnx), 'npm run train:static writes it anew').toBe(true);
    expect(onnx.byteLength).toBeLessThan(1_000_000);
  });

  it('says what it takes and gives', async () => {
    const part = parseStaticPart(await readFile(MOVIELENS.staticPart));
    expect(part).toMatchObject({
      schemaFingerprint: implicitSchema.fingerprint,
      labels: ['click'],
      width: 8,
      inputs: [
        { name: 'user', type: 'categorical', side: 'context' },
        { name: 'item', type: 'categorical', side: 'document' },
      ],
    });
  });
});
