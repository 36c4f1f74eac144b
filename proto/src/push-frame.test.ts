import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ValueEncoding } from './gen/weir/v1/common.ts';
import { PushRequest } from './gen/weir/v1/parameter_server.ts';
import { bytesOf, keysFromBytes } from './keys.ts';
import { encodeSourceRanges, PushFrame, pushTraceHead } from './push-frame.ts';
import { traceParentOfBytes } from './tracing/trace-context.ts';
import { floatsFromBytes } from './values.ts';

const TRACE = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1 };

const part = fc.record({
  tableUid: fc.string({ maxLength: 200 }),
  rows: fc.integer({ min: 0, max: 40 }),
  dim: fc.integer({ min: 1, max: 17 }),
});
const header = fc.record({
  client: fc.option(fc.record({ id: fc.string(), incarnation: fc.string() }), { nil: undefined }),
  number: fc.maxSafeNat(),
  epoch: fc.maxSafeNat(),
  moreFrames: fc.boolean(),
  originTimeMs: fc.double({ noNaN: true }).map((value) => value + 0),
});

const source = fc.record({
  group: fc.string(),
  partition: fc.nat(),
  generation: fc.maxSafeNat(),
  from: fc.maxSafeNat(),
  to: fc.maxSafeNat(),
  incarnation: fc.string(),
});
const sources = fc.array(source, { maxLength: 5 });

/** More than asked for, and full of what stood there before. */
const usedMemory = (bytes: number): ArrayBuffer => new Uint8Array(bytes + 24).fill(0xff).buffer;

/** As gRPC hands it out: 5 bytes behind the beginning of its memory. */
function received(message: Uint8Array): Uint8Array {
  const memory = new Uint8Array(message.length + 5);
  memory.set(message, 5);
  return memory.subarray(5);
}

describe('a push frame', () => {
  it('means what the generated code reads from it', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), sources, header, (parts, ranges, fields) => {
        const frame = new PushFrame(parts, usedMemory, encodeSourceRanges(ranges));
        frame.keys.forEach((keys) => {
          keys.forEach((_, i) => {
            keys[i] = i * 0x9e3779b1;
          });
        });
        frame.values.forEach((values) => {
          values.forEach((_, i) => {
            values[i] = i / 3;
          });
        });
        // What an earlier sending wrote leaves no trace.
        frame.message({ ...fields, number: 2 ** 40, client: { id: 'x', incarnation: 'y' } });
        const { originTimeMs, ...read } = PushRequest.decode(frame.message(fields));
        expect(read).toEqual({
          client: fields.client,
          number: fields.number,
          epoch: fields.epoch,
          moreFrames: fields.moreFrames,
          sources: ranges,
          parts: parts.map(({ tableUid }, i) => ({
            tableUid,
            encoding: ValueEncoding.F32,
            keys: bytesOf(frame.keys[i]!),
            values: bytesOf(frame.values[i]!),
          })),
        });
        expect(originTimeMs === fields.originTimeMs).toBe(true);
      }),
    );
  });

  it('of a sampled caller is the same behind its trace, and read without a copy, too', () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), header, (parts, fields) => {
        const frame = new PushFrame(parts);
        const plain = frame.message({ ...fields, client: undefined }).slice();
        const bytes = received(Buffer.concat([pushTraceHead(TRACE), plain]));
        const { traceParent, ...read } = PushRequest.decode(bytes);
        expect(traceParentOfBytes(traceParent)).toEqual({ ...TRACE, isRemote: true });
        expect(read).toEqual(PushRequest.decode(plain));
        for (const { keys } of read.parts) {
          if (keys.length > 0) expect(keysFromBytes(keys).buffer).toBe(bytes.buffer);
        }
      }),
    );
  });

  it('is read by gRPC without a copy of keys and values, but for the first of a stream', () => {
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 4 }),
        sources,
        header,
        (parts, ranges, fields) => {
          const frame = new PushFrame(parts, undefined, encodeSourceRanges(ranges));
          const bytes = received(frame.message({ ...fields, client: undefined }));
          for (const { keys, values } of PushRequest.decode(bytes).parts) {
            if (keys.length === 0) continue;
            expect(keysFromBytes(keys).buffer).toBe(bytes.buffer);
            expect(floatsFromBytes(values).buffer).toBe(bytes.buffer);
          }
        },
      ),
    );
  });
});
