import { bytesOf } from '@weir/proto';
import { SampleKind, SampleRecord } from '@weir/proto/v1/records';
import { describe, expect, it } from 'vitest';
import { encodedSample, type SampleSketch, sampleRecord } from '../testing/sample-records.ts';
import { RefusedRecord, readSampleRequest } from './sample-request.ts';

const place = { partition: 1, offset: 7 };
const read = (sketch: SampleSketch, labels = ['click']) =>
  readSampleRequest(encodedSample(sketch), place, labels, 'f1');

function refusal(sketch: SampleSketch): string {
  try {
    read(sketch);
  } catch (error) {
    expect(error).toBeInstanceOf(RefusedRecord);
    return `${(error as RefusedRecord).refusal}: ${(error as RefusedRecord).message}`;
  }
  throw new Error('the record was accepted');
}

describe('readSampleRequest', () => {
  it('gives labels by the heads of the model, with what is unknown', () => {
    const labels = { cart: [null, 1], click: [0, 1], other: [1, 1] };
    const request = read({ servingId: 's', knownTimeMs: 5, labels }, ['click', 'cart', 'purchase']);
    expect(request).toMatchObject({
      partition: 1,
      offset: 7,
      servingId: 's',
      knownTimeMs: 5,
      provisional: false,
    });
    expect(request.labels).toEqual([
      { values: Float32Array.of(0, 1), known: Uint8Array.of(1, 1) },
      { values: Float32Array.of(0, 1), known: Uint8Array.of(0, 1) },
      undefined,
    ]);
  });

  it('takes records of its own schema, and of callers that do not name one', () => {
    const version = (schemaFingerprint: string) => ({
      record: { modelVersion: { staticHash: '', schemaFingerprint, tableSet: 'default', rows: [] } },
    });
    expect(read(version('f1')).docIds).toHaveLength(2);
    expect(read(version('')).docIds).toHaveLength(2);
    expect(refusal(version('f2'))).toBe("schema: schema fingerprint f2 is not the model's, f1");
  });

  it('takes records of its own static part only, and of any when its model has none', () => {
    const record = (staticHash: string) =>
      encodedSample({
        record: { modelVersion: { staticHash, schemaFingerprint: 'f1', tableSet: 'default', rows: [] } },
      });
    const readBy = (own: string, served: string) => () =>
      readSampleRequest(record(served), place, ['click'], 'f1', own).docIds.length;
    expect(readBy('h1', 'h1')()).toBe(2);
    expect(readBy('', 'h1')()).toBe(2);
    expect(readBy('h1', 'h2')).toThrow("it was served with the static part h2, the model's is h1");
    expect(readBy('h1', '')).toThrow("it was served with no static part, the model's is h1");
  });

  it('knows provisional negatives by their kind', () => {
    const kinds = Uint8Array.of(SampleKind.OBSERVED_NEGATIVE, SampleKind.OBSERVED_NEGATIVE);
    expect(read({ record: { kinds } }).provisional).toBe(true);
  });

  it.each([
    [{ record: { kinds: Uint8Array.of(SampleKind.RETRACT) } }, 'unsupported: it retracts samples'],
    [{ labels: { click: [0] } }, 'malformed: it has 1 values of label click for 2 samples'],
    [{ labels: { click: [0, 2] } }, 'malformed: label click of sample 1 is 2, not 0 to 1'],
    [{ labels: { click: [0, Number.NaN] } }, 'malformed: label click of sample 1 is NaN'],
    [{ scores: { click: [0.5] } }, 'malformed: it has 1 scores of click for 2 samples'],
    [{ record: { rows: bytesOf(Uint32Array.of(1)) } }, 'malformed: it has 1 rows for 2 samples'],
    [{ record: { rows: Uint8Array.of(1) } }, 'malformed: 1 bytes are no whole number of rows'],
    [{ record: { keepProbability: 2 } }, 'malformed: its keep probability is 2'],
  ] as [SampleSketch, string][])('refuses a record, case %#', (sketch, message) => {
    expect(refusal(sketch)).toContain(message);
  });

  it('refuses a truncated record', () => {
    const bytes = SampleRecord.encode(sampleRecord()).finish().slice(0, -3);
    expect(() => readSampleRequest(bytes, place, ['click'], '')).toThrow(/no SampleRecord/);
  });
});
