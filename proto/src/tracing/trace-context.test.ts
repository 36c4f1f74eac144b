import { createTraceState } from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isSampled,
  sampledIn,
  TRACE_PARENT_BYTES,
  traceHeaders,
  traceParentBytes,
  traceParentOf,
  traceParentOfBytes,
  traceParentText,
} from './trace-context.ts';

const hex = (length: number) =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .filter((bytes) => bytes.some((byte) => byte !== 0))
    .map((bytes) => Buffer.from(bytes).toString('hex'));
const context = fc.record({ traceId: hex(16), spanId: hex(8), traceFlags: fc.constantFrom(0, 1) });

describe('a trace context', () => {
  it('comes back from its text and from its bytes', () => {
    fc.assert(
      fc.property(context, (given) => {
        const remote = { ...given, isRemote: true };
        expect(traceParentOf(traceParentText(given))).toEqual(remote);
        const bytes = traceParentBytes(given);
        expect(bytes).toHaveLength(TRACE_PARENT_BYTES);
        expect(traceParentOfBytes(bytes)).toEqual(remote);
      }),
    );
  });

  it("keeps a tracestate in a record's headers", () => {
    const given = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
    const headers = traceHeaders({ ...given, traceState: createTraceState('x=1,y=2') });
    expect(headers).toEqual({
      traceparent: `00-${given.traceId}-${given.spanId}-01`,
      tracestate: 'x=1,y=2',
    });
    expect(sampledIn(headers)?.traceState?.serialize()).toBe('x=1,y=2');
    expect(Object.keys(traceHeaders(given))).toEqual(['traceparent']);
  });

  it('counts in headers only if it is sampled', () => {
    const off = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 0 };
    expect(isSampled(off)).toBe(false);
    expect(sampledIn(traceHeaders(off))).toBeUndefined();
    expect(sampledIn({})).toBeUndefined();
  });

  it.each([
    '',
    'nonsense',
    `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`,
    `00-${'a'.repeat(32)}-${'0'.repeat(16)}-01`,
    `ff-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01-more`,
    `00-${'A'.repeat(32)}-${'b'.repeat(16)}-01`,
  ])('is none in %j', (text) => {
    expect(traceParentOf(text)).toBeUndefined();
  });

  it('is read from a later version as far as this one knows it', () => {
    const text = `01-${'a'.repeat(32)}-${'b'.repeat(16)}-03-more`;
    expect(traceParentOf(text)).toMatchObject({ traceId: 'a'.repeat(32), traceFlags: 1 });
  });

  it('is none in bytes that are none', () => {
    expect(traceParentOfBytes(undefined)).toBeUndefined();
    expect(traceParentOfBytes(new Uint8Array(0))).toBeUndefined();
    expect(traceParentOfBytes(new Uint8Array(TRACE_PARENT_BYTES))).toBeUndefined();
    expect(traceParentOfBytes(new Uint8Array(TRACE_PARENT_BYTES + 1).fill(1))).toBeUndefined();
  });
});
