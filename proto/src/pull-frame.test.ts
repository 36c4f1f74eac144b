import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ValueEncoding } from './gen/weir/v1/common.ts';
import { PullRequest, PullResponse } from './gen/weir/v1/parameter_server.ts';
import { bytesOf, keysFromBytes } from './keys.ts';
import { layOutPullResponse, PULL_RESPONSE_START, PullFrame, writePullResponse } from './pull-frame.ts';
import { traceParentOfBytes } from './tracing/trace-context.ts';
import { floatsFromBytes } from './values.ts';

const TRACE = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1 };

/** As gRPC hands it out: 5 bytes behind the beginning of its memory. */
function received(message: Uint8Array): Uint8Array {
  const memory = new Uint8Array(message.length + 5);
  memory.set(message, 5);
  return memory.subarray(5);
}

describe('a pull frame', () => {
  it('means what the generated code reads from it, its keys in their place', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 200 }),
        fc.nat({ max: 3000 }),
        fc.maxSafeNat(),
        fc.maxSafeNat(),
        (tableUid, count, requestId, epoch) => {
          const frame = new PullFrame(tableUid, count, ValueEncoding.F32);
          frame.keys.forEach((_, i) => {
            frame.keys[i] = i * 0x9e3779b1;
          });
          frame.message(2 ** 50, 2 ** 50);
          const bytes = received(frame.message(requestId, epoch));
          const read = PullRequest.decode(bytes);
          const keys = bytesOf(frame.keys);
          expect(read).toEqual({
            requestId,
            epoch,
            parts: [{ tableUid, keys, encoding: ValueEncoding.F32 }],
          });
          if (count > 0) expect(keysFromBytes(read.parts[0]!.keys).buffer).toBe(bytes.buffer);
        },
      ),
    );
  });
});

describe('a pull frame of a sampled caller', () => {
  it('has its trace behind everything else, and is otherwise the same', () => {
    const frame = new PullFrame('uid', 3, ValueEncoding.F32);
    const plain = frame.message(1, 2).slice();
    const traced = frame.message(1, 2, TRACE);
    expect(Uint8Array.from(traced.subarray(0, plain.length))).toEqual(plain);
    const { traceParent, ...read } = PullRequest.decode(received(traced));
    expect(traceParentOfBytes(traceParent)).toEqual({ ...TRACE, isRemote: true });
    expect(read).toEqual(PullRequest.decode(plain));
    expect(frame.message(1, 2)).toEqual(plain);
    expect(PullRequest.decode(plain).traceParent).toBeUndefined();
  });
});

describe('a pull response', () => {
  it('means what the generated code reads from it, values aligned on both sides', () => {
    const result = fc.record({
      floats: fc.oneof(fc.nat({ max: 50 }), fc.constantFrom(4_000, 600_000)),
      refused: fc.array(fc.nat(), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(
        fc.array(result, { maxLength: 4 }),
        fc.maxSafeNat(),
        fc.maxSafeNat(),
        (results, requestId, epoch) => {
          const layouts = results.map(({ floats, refused }) => ({
            valueBytes: 4 * floats,
            refused: bytesOf(Uint32Array.from(refused)),
          }));
          const { size, valuesAt } = layOutPullResponse(layouts);
          // What was there before leaves no trace.
          const memory = new Uint8Array(PULL_RESPONSE_START + size).fill(0xff);
          const message = memory.subarray(PULL_RESPONSE_START);
          writePullResponse(message, requestId, epoch, layouts);
          valuesAt.forEach((at, i) => {
            const { floats } = results[i]!;
            new Float32Array(memory.buffer, PULL_RESPONSE_START + at, floats).fill(i + 0.5);
          });
          const bytes = received(message);
          const read = PullResponse.decode(bytes);
          expect([read.requestId, read.epoch, read.error]).toEqual([requestId, epoch, undefined]);
          expect(read.results.length).toBe(results.length);
          read.results.forEach(({ values, refused }, i) => {
            const floats = floatsFromBytes(values);
            expect(floats.length).toBe(results[i]!.floats);
            expect(floats.every((value) => value === i + 0.5)).toBe(true);
            if (floats.length > 0) expect(floats.buffer).toBe(bytes.buffer);
            expect(refused).toEqual(layouts[i]!.refused);
          });
        },
      ),
      { numRuns: 60 },
    );
  });
});
