import {
  bytesOf,
  encodeFeatureBlock,
  type FeatureBlockInput,
  type FeatureValues,
  WeirError,
} from '@weir/proto';
import { FeatureBlock, type FeatureColumn } from '@weir/proto/v1/features';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createExampleDecoder } from './decode-examples.ts';
import type { Examples } from './examples.ts';
import { categoricalKey, numericKey } from './feature-key.ts';
import { implicitSchema } from './schema-fingerprint.ts';

const decoder = createExampleDecoder(implicitSchema);
const input = (features: Uint8Array, documents: number) => ({
  features,
  user: '',
  scene: '',
  docIds: Array.from({ length: documents }, (_, i) => `d${i}`),
});

const EMPTY = new Uint8Array(0);
const floats = (...values: number[]) => bytesOf(Float64Array.from(values));
const counts = (...values: number[]) => bytesOf(Uint32Array.from(values));

const name = fc.constantFrom('a', 'b', 'c', 'größe', '__proto__');
const text = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constant(''),
);
const value = fc.oneof(
  text,
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.array(text, { maxLength: 3 }),
);
const values: fc.Arbitrary<FeatureValues> = fc.dictionary(name, value, { maxKeys: 4 });
const block: fc.Arbitrary<FeatureBlockInput> = fc.record({
  context: values,
  docs: fc.array(fc.record({ features: values, exposure: values }), { maxLength: 10 }),
});

/** Every entry as text, by the definition of keys; one document's entries together with the shared ones. */
function expectedEntries(one: FeatureBlockInput, document: number, phase: 'train' | 'serve'): string[] {
  const doc = one.docs[document]!;
  const sides = [one.context!, doc.features!, ...(phase === 'train' ? [doc.exposure!] : [])];
  return sides
    .flatMap((side) => Object.entries(side))
    .flatMap(([feature, given]) =>
      typeof given === 'number'
        ? [`${feature} ${numericKey(feature)} ${given + 0}`]
        : [given].flat().map((one) => `${feature} ${categoricalKey(feature, String(one))} 1`),
    )
    .sort();
}

function entriesOf(examples: Examples, document: number): string[] {
  const found: string[] = [];
  for (let entry = 0; entry < examples.entries; entry++) {
    if (entry >= examples.shared && examples.document[entry] !== document) continue;
    const key = (BigInt(examples.keys[2 * entry + 1]!) << 32n) | BigInt(examples.keys[2 * entry]!);
    found.push(`${examples.features[examples.feature[entry]!]} ${key} ${examples.weights[entry]! + 0}`);
  }
  return found.sort();
}

describe('a feature block', () => {
  it('decodes to the entries that its objects define, under both phases', () => {
    fc.assert(
      fc.property(block, fc.constantFrom('train' as const, 'serve' as const), (one, phase) => {
        const examples = decoder.decode(input(encodeFeatureBlock(one), one.docs.length), phase);
        expect(examples.documents).toBe(one.docs.length);
        for (let i = 0; i < one.docs.length; i++) {
          expect(entriesOf(examples, i)).toEqual(expectedEntries(one, i, phase));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is what the generated code encodes, byte for byte', () => {
    fc.assert(
      fc.property(block, (one) => {
        const bytes = encodeFeatureBlock(one);
        expect(FeatureBlock.encode(FeatureBlock.decode(bytes)).finish()).toEqual(bytes);
      }),
    );
  });

  it('decodes the rows asked for, as documents in the order asked', () => {
    const all = { docs: [{ features: { a: 'x' } }, { features: { a: 'y' } }, { features: { a: 'z' } }] };
    const bytes = encodeFeatureBlock(all);
    const some = decoder.decode({ ...input(bytes, 2), rows: Uint32Array.of(2, 0) }, 'train');
    expect(entriesOf(some, 0)).toEqual([`a ${categoricalKey('a', 'z')} 1`]);
    expect(entriesOf(some, 1)).toEqual([`a ${categoricalKey('a', 'x')} 1`]);
    for (const rows of [Uint32Array.of(3, 0), Uint32Array.of(1, 1)]) {
      expect(() => decoder.decode({ ...input(bytes, 2), rows }, 'train')).toThrow(/row \d of 3/);
    }
  });

  it('may be absent where no feature is known', () => {
    const examples = decoder.decode(input(new Uint8Array(0), 3), 'serve');
    expect([examples.documents, examples.entries]).toEqual([3, 0]);
  });

  it('is refused with a typed error when its bytes are damaged, and never read beyond its end', () => {
    const damage = fc.record({ cut: fc.nat(400), flip: fc.nat(400), bit: fc.nat(7) });
    fc.assert(
      fc.property(block, damage, (one, { cut, flip, bit }) => {
        const bytes = encodeFeatureBlock(one).slice(0, cut);
        if (flip < bytes.length) bytes[flip]! ^= 1 << bit;
        try {
          decoder.decode(input(bytes, one.docs.length), 'train');
        } catch (error) {
          expect(error).toBeInstanceOf(WeirError);
          expect((error as WeirError).code).toBe('INVALID_ARGUMENT');
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [{ categorical: ['x'] }, '"a" has 1 values for 2 rows'],
    [{ categorical: ['x', 'y'], present: Uint8Array.of(1) }, '"a" has 2 values for 1 rows'],
    [{ numeric: new Uint8Array(8) }, '"a" has 8 bytes of numbers for 2 rows'],
    [{ numeric: floats(1, Number.NaN) }, '"a" of row 1 is NaN'],
    [{ multi: ['x'], multiCounts: counts(1) }, '"a" has 4 bytes of counts for 2 rows'],
    [{ multi: ['x', 'y'], multiCounts: counts(1, 2) }, '"a" has counts that do not sum to its values'],
    [{ multi: ['x', 'y'], multiCounts: counts(1, 0) }, '"a" has counts that do not sum to its values'],
    [{ categorical: ['x', 'y'], numeric: floats(1, 2) }, '"a" has values of more than one type'],
    [{ name: '', categorical: ['x', 'y'] }, 'a document feature has no name'],
  ] as [Partial<FeatureColumn>, string][])(
    'is refused when a column is wrong, naming it: %#',
    (part, message) => {
      const wrong = {
        name: 'a',
        categorical: [],
        numeric: EMPTY,
        multi: [],
        multiCounts: EMPTY,
        present: EMPTY,
        ...part,
      };
      const bytes = FeatureBlock.encode({
        documents: 2,
        context: [],
        document: [wrong],
        exposure: [],
      }).finish();
      expect(() => decoder.decode(input(bytes, 2), 'train')).toThrow(message);
    },
  );

  it('is refused when presence bits, documents or ids are fewer than they must be', () => {
    const some = { name: 'a', categorical: ['x'], numeric: EMPTY, multi: [], multiCounts: EMPTY };
    const nine = { ...some, present: Uint8Array.of(1) };
    const bytes = FeatureBlock.encode({ documents: 9, context: [], document: [nine], exposure: [] }).finish();
    expect(() => decoder.decode(input(bytes, 9), 'train')).toThrow('presence bits for fewer than 9 rows');
    const fine = encodeFeatureBlock({ docs: [{}, {}] });
    expect(() => decoder.decode(input(fine, 3), 'train')).toThrow('2 rows for 3 documents');
  });

  it.each([
    [{ docs: [{ features: { a: Number.NaN } }] }, 'feature "a" of document 0 is NaN'],
    [{ docs: [{}, { exposure: { p: null } }] }, 'feature "p" of document 1 is null'],
    [{ context: { c: [1] }, docs: [] }, 'feature "c" of the context is [1]'],
    [{ docs: [{ features: { '': 'x' } }] }, 'a document feature has an empty name'],
  ])('is not made from %j', (one, message) => {
    expect(() => encodeFeatureBlock(one as unknown as FeatureBlockInput)).toThrow(message);
  });
});
