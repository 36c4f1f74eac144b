import { createExampleDecoder, lr } from '@weir/model';
import { canaryServingId, WeirError } from '@weir/proto';
import { describe, expect, it } from 'vitest';
import { encodedSample, type SampleSketch } from '../testing/sample-records.ts';
import { prepareRequest } from './prepare-request.ts';
import { parseSampleRatios, sampleDraw } from './sample-ratio.ts';
import { readSampleRequest } from './sample-request.ts';

const labels = ['click', 'cart'];
const model = lr({ schema: undefined, labels });
const decoder = createExampleDecoder(model.schema);

function prepare(sketch: SampleSketch, ratios = '') {
  const place = { partition: 0, offset: 0 };
  const request = readSampleRequest(encodedSample(sketch), place, labels, model.schemaFingerprint);
  return prepareRequest(request, model, decoder, parseSampleRatios(ratios, labels));
}

const docs = Array.from({ length: 400 }, (_, i) => ({ features: { a: String(i) } }));

describe('prepareRequest', () => {
  it('weights what is known and masks the rest, labels that are absent included', () => {
    const learning = prepare({ labels: { click: [1, null] } }).learning!;
    expect(learning.examples.documents).toBe(1);
    expect(learning.targets.values.map((column) => column[0])).toEqual([1, 0]);
    expect(learning.targets.weights).toEqual([Float32Array.of(1), Float32Array.of(0)]);
  });

  it('learns nothing from a request without any known label', () => {
    expect(prepare({ labels: { click: [null, null] } }).learning).toBeUndefined();
    expect(prepare({ labels: { other: [1, 1] } }).learning).toBeUndefined();
  });

  it('learns nothing from a canary, whatever labels its sample has', () => {
    const record = { servingId: canaryServingId(7, 'n') };
    const { request, learning } = prepare({ labels: { click: [1, 0] }, record });
    expect([request.canary, learning]).toEqual([7, undefined]);
  });

  it('keeps every positive and the ratio of negatives, those at the weight 1 / ratio', () => {
    const click = docs.map((_, i) => (i % 10 === 0 ? 1 : 0));
    const { request, learning } = prepare({ block: { docs }, labels: { click } }, 'click=0.25');
    const { targets, examples } = learning!;
    const kept = new Map(targets.values[0]!.entries().map(([i, value]) => [i, value]));
    const positives = [...kept.values()].filter((value) => value === 1).length;
    expect(positives).toBe(40);
    expect(examples.documents - positives).toBeGreaterThan(60);
    expect(examples.documents - positives).toBeLessThan(120);
    targets.values[0]!.forEach((value, i) => {
      expect(targets.weights[0]![i]).toBe(value === 1 ? 1 : 4);
    });
    // Which ones follows from the sample ids alone.
    const expected = click.filter((value, i) => value === 1 || sampleDraw(request.servingId, `d${i}`) < 0.25);
    expect(examples.documents).toBe(expected.length);
  });

  it('gives the kept documents the entries that they have in the whole', () => {
    const click = docs.map(() => 0);
    const whole = prepare({ block: { docs }, labels: { click } }).learning!;
    const part = prepare({ block: { docs }, labels: { click } }, 'click=0.1').learning!;
    const wanted = click.flatMap((_, i) => (sampleDraw('r1', `d${i}`) < 0.1 ? [i] : []));
    expect(part.examples.documents).toBe(wanted.length);
    wanted.forEach((row, i) => {
      expect(part.examples.keys.slice(2 * i, 2 * i + 2)).toEqual(
        whole.examples.keys.slice(2 * row, 2 * row + 2),
      );
    });
  });

  it('weights what was sampled before it was logged', () => {
    const { targets } = prepare({ labels: { click: [0, 1] }, record: { keepProbability: 0.5 } }).learning!;
    expect(targets.weights[0]).toEqual(Float32Array.of(2, 2));
  });

  it('fails by name where the features do not decode', () => {
    const sketch = { record: { features: Uint8Array.of(0x1a, 0x7f) } };
    expect(() => prepare(sketch)).toThrow(WeirError);
  });
});

describe('parseSampleRatios', () => {
  it('gives 1 to labels that are not named', () => {
    expect(parseSampleRatios('cart=0.5', labels)).toEqual([1, 0.5]);
    expect(parseSampleRatios('', labels)).toEqual([1, 1]);
  });

  it.each(['click', 'click=0', 'click=1.5', 'click=x', 'buy=0.5'])('refuses %s', (text) => {
    expect(() => parseSampleRatios(text, labels)).toThrow(`sample ratio "${text}"`);
  });
});
