// Our encoding of the two hot messages equals the generated one, field for field.
import { AppendRequest, ReadResponse, Record as WireRecord } from '@weir/proto/v1/streams';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AppendRecord } from '../streams-client.ts';
import {
  decodeAppendRequest,
  decodeReadResponse,
  encodeAppendRequest,
  encodeReadResponse,
} from './messages.ts';
import { decodeRecord, encodeRecord, frameLength, skipFrames, writeFrame } from './record-codec.ts';

const number = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(300),
  fc.constantFrom(0, 127, 128, 2 ** 28, 2 ** 32, 2 ** 35),
);
const signed = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.constantFrom(8_640_000_000_000_000, -1, 0));
const record: fc.Arbitrary<AppendRecord> = fc.record(
  {
    value: fc.uint8Array({ maxLength: 300 }),
    headers: fc.dictionary(fc.string({ maxLength: 9 }), fc.string({ unit: 'grapheme', maxLength: 9 }), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
    progressTimeMs: signed,
  },
  { requiredKeys: [] },
);

function chunkOf(records: readonly AppendRecord[], firstOffset: number): Buffer {
  const encoded = records.map(encodeRecord);
  const length = encoded.reduce((sum, bytes, index) => sum + frameLength(bytes, firstOffset + index), 0);
  const chunk = Buffer.alloc(length);
  let at = 0;
  encoded.forEach((bytes, index) => {
    at = writeFrame(chunk, at, bytes, firstOffset + index, 1_700_000_000_000.5 + index);
  });
  expect(at).toBe(length);
  return chunk;
}

describe('append request', () => {
  it('reads as the generated code writes it, and the reverse', () => {
    const append = fc.record({
      stream: fc.string({ maxLength: 20 }),
      partition: fc.nat(),
      producer: fc.option(fc.record({ id: fc.string({ maxLength: 20 }), epoch: number }), { nil: undefined }),
      firstSequence: number,
      records: fc.array(record, { maxLength: 5 }),
    });
    fc.assert(
      fc.property(append, (value) => {
        const ours = encodeAppendRequest({ ...value, records: value.records.map(encodeRecord) });
        const theirs = AppendRequest.decode(ours);
        expect(theirs.producer).toEqual(value.producer);
        expect(theirs.records.map((one) => one.progressTimeMs)).toEqual(
          value.records.map((one) => one.progressTimeMs),
        );
        const back = decodeAppendRequest(AppendRequest.encode(theirs).finish());
        expect({ ...back, records: back.records.length }).toEqual({
          ...value,
          records: value.records.length,
        });
        back.records.forEach((bytes, index) => {
          const expected = value.records[index]!;
          expect(decodeRecord(bytes)).toEqual({
            offset: 0,
            value: expected.value ?? new Uint8Array(0),
            headers: expected.headers ?? {},
            progressTimeMs: expected.progressTimeMs,
            appendTimeMs: 0,
          });
        });
      }),
    );
  });

  it('refuses bytes that end too early', () => {
    const whole = encodeAppendRequest({
      stream: 'samples',
      partition: 1,
      producer: { id: 'stitcher/1', epoch: 3 },
      firstSequence: 7,
      records: [encodeRecord({ value: new Uint8Array(200) })],
    });
    for (const length of [1, 5, 20, whole.byteLength - 1]) {
      expect(() => decodeAppendRequest(whole.subarray(0, length))).toThrow(RangeError);
    }
  });
});

describe('read response', () => {
  it('made of stored chunks reads the same through the generated code', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 6 }), number, (records, firstOffset) => {
        if (firstOffset + records.length > Number.MAX_SAFE_INTEGER) return;
        const bytes = encodeReadResponse([chunkOf(records, firstOffset)], 12_345, 'incarnation');
        const ours = decodeReadResponse(bytes);
        const theirs = ReadResponse.decode(bytes);
        expect(ours.endOffset).toBe(theirs.endOffset);
        expect(ours.incarnation).toBe('incarnation');
        expect(ours.records.map((one) => one.offset)).toEqual(theirs.records.map((one) => one.offset));
        expect(ours.records.map((one) => one.appendTimeMs)).toEqual(
          theirs.records.map((one) => one.appendTimeMs),
        );
        expect(ours.records.map((one) => one.progressTimeMs)).toEqual(
          records.map((one) => one.progressTimeMs),
        );
        theirs.records.forEach((one, index) => {
          expect(Buffer.from(one.value)).toEqual(Buffer.from(records[index]!.value ?? []));
          expect(Object.keys(ours.records[index]!.headers)).toEqual(one.headers.map(({ name }) => name));
        });
      }),
    );
  });

  it('lets the server decide offset and append time, whatever the client wrote', () => {
    const forged = WireRecord.encode({
      ...WireRecord.decode(encodeRecord({ value: Uint8Array.of(1) })),
      offset: 99,
      appendTimeMs: 5,
    }).finish();
    const chunk = Buffer.alloc(frameLength(forged, 3));
    writeFrame(chunk, 0, forged, 3, 1_000);
    const [read] = decodeReadResponse(chunk).records;
    expect(read).toMatchObject({ offset: 3, appendTimeMs: 1_000 });
  });

  it('can begin within a chunk', () => {
    const chunk = chunkOf([{ value: new Uint8Array(9) }, {}, { progressTimeMs: -5 }], 40);
    const rest = decodeReadResponse(chunk.subarray(skipFrames(chunk, 2)));
    expect(rest.records.map(({ offset, progressTimeMs }) => [offset, progressTimeMs])).toEqual([[42, -5]]);
  });
});
