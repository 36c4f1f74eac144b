import { createExampleDecoder, lr } from '@weir/model';
import { canaryServingId, SPAN_LINKS_MAX, unpackKeys } from '@weir/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodedSample } from '../testing/sample-records.ts';
import { type PreparedRequest, prepareRequest } from './prepare-request.ts';
import { readSampleRequest } from './sample-request.ts';
import { type Window, WindowBuilder } from './window.ts';

const model = lr({ schema: undefined, labels: ['click'] });
const decoder = createExampleDecoder(model.schema);

function prepared(words: readonly string[], ingestTimeMs = 0, servingId = 's'): PreparedRequest {
  const block = { docs: words.map((word) => ({ features: { a: word } })) };
  const value = encodedSample({ block, record: { ingestTimeMs, servingId } });
  const request = readSampleRequest(value, { partition: 0, offset: 0 }, model.labels, '');
  return prepareRequest(request, model, decoder, [1]);
}

const lists = fc.array(fc.array(fc.constantFrom(...'abcdefgh'), { minLength: 1, maxLength: 6 }), {
  maxLength: 30,
});

describe('WindowBuilder', () => {
  it('knows which of its requests are traced, each once, and of many the first ones', () => {
    const builder = new WindowBuilder(model.tables, { requestsMax: 1e6, bytesMax: 1e9 });
    const trace = (number: number) => ({
      traceId: 'a'.repeat(32),
      spanId: number.toString(16).padStart(16, '0'),
      traceFlags: 1,
    });
    const one = prepared(['a']);
    const add = (number: number | undefined) =>
      builder.add({
        ...one,
        request: { ...one.request, trace: number === undefined ? undefined : trace(number) },
      });
    for (const number of [undefined, 7, 7, 9]) add(number);
    expect(builder.close('timeout', []).traces).toEqual([trace(7), trace(9)]);
    for (let number = 1; number <= 2 * SPAN_LINKS_MAX; number++) add(number);
    expect(builder.close('timeout', []).traces).toHaveLength(SPAN_LINKS_MAX);
    add(undefined);
    expect(builder.close('timeout', []).traces).toEqual([]);
  });

  it('puts every request whole into one window, in order, and numbers each key once', () => {
    fc.assert(
      fc.property(lists, fc.integer({ min: 1, max: 7 }), (all, requestsMax) => {
        const builder = new WindowBuilder(model.tables, { requestsMax, bytesMax: 1e9 });
        const requests = all.map((words) => prepared(words));
        const windows: Window[] = [];
        for (const request of requests) {
          const full = builder.add(request);
          if (full !== undefined) windows.push(builder.close(full, []));
        }
        expect(windows.every((window) => window.reason === 'count')).toBe(true);
        if (builder.size > 0) windows.push(builder.close('end_of_input', []));
        expect(windows.flatMap((window) => window.requests.map((one) => one.request))).toEqual(
          requests.map((one) => one.request),
        );
        for (const { requests: inside, keys } of windows) {
          expect(inside.length).toBeLessThanOrEqual(requestsMax);
          const unique = new Set(unpackKeys(keys[0]!));
          expect(unique.size).toBe(keys[0]!.length / 2);
          expect(unique).toEqual(new Set(inside.flatMap((one) => [...unpackKeys(one.learning!.keys[0]!)])));
          for (const { learning, numbers } of inside) {
            numbers[0]!.forEach((number, i) => {
              expect(keys[0]!.slice(2 * number, 2 * number + 2)).toEqual(
                learning!.keys[0]!.slice(2 * i, 2 * i + 2),
              );
            });
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('takes no canary for the oldest behaviour behind it', () => {
    const builder = new WindowBuilder(model.tables, { requestsMax: 9, bytesMax: 1e9 });
    builder.add(prepared(['a'], 50, canaryServingId(7, 'n')));
    builder.add(prepared(['b'], 80));
    expect(builder.close('timeout', []).originTimeMs).toBe(80);
  });

  it('closes when the gradients of its keys are too large', () => {
    const builder = new WindowBuilder(model.tables, { requestsMax: 100, bytesMax: 4 * 4 });
    expect(builder.add(prepared(['a']))).toBeUndefined();
    expect(builder.add(prepared(['a']))).toBeUndefined();
    expect(builder.add(prepared(['b', 'c']))).toBe('bytes');
  });

  it('has the oldest known behaviour as its origin', () => {
    const builder = new WindowBuilder(model.tables, { requestsMax: 100, bytesMax: 1e9 });
    for (const ingestTimeMs of [0, 50, 30, 40]) builder.add(prepared(['a'], ingestTimeMs));
    expect(builder.close('timeout', []).originTimeMs).toBe(30);
    builder.add(prepared(['a']));
    expect(builder.close('timeout', []).originTimeMs).toBe(0);
  });
});
