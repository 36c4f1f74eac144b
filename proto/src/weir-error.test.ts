import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type ErrorCode, isErrorCode } from './error-codes.ts';
import { WeirError } from './weir-error.ts';

const codes = Object.keys(ERROR_CODES).filter(isErrorCode);

/** What a client's grpc-js throws for a status that a server sent. */
function received(code: status, details: string, metadata = new Metadata()): ServiceError {
  return Object.assign(new Error(`${code} ${details}`), { code, details, metadata });
}

describe('WeirError', () => {
  it('comes through a gRPC status with everything but its cause', () => {
    const anyError = fc.record({
      code: fc.constantFrom<ErrorCode>(...codes),
      message: fc.string({ unit: 'grapheme' }),
      details: fc.record(
        {
          table: fc.string({ minLength: 1 }),
          shard: fc.string({ minLength: 1 }),
          keyIndex: fc.nat(),
          epoch: fc.integer({ min: 1, max: 2 ** 48 }),
          retryAfterMs: fc.integer({ min: 1, max: 60_000 }),
          applied: fc.nat(),
        },
        { requiredKeys: [] },
      ),
    });
    fc.assert(
      fc.property(anyError, ({ code, message, details }) => {
        const sent = new WeirError(code, message, details);
        const { code: sentStatus, details: text, metadata } = sent.toStatus();
        const got = WeirError.from(received(sentStatus, text, metadata));
        expect(got.toDetail()).toEqual(sent.toDetail());
        expect(got.retryable).toBe(ERROR_CODES[code].retryable);
        expect(got).toMatchObject({ name: 'WeirError', code, message, ...details });
      }),
    );
  });

  it('travels with bounded texts that are well formed, whatever of the caller stands in them', () => {
    const long = 'x'.repeat(100_000);
    const { details, metadata } = new WeirError('TABLE_NOT_FOUND', `no table \ud800${long}`, {
      table: long,
    }).toStatus();
    // As grpc-js writes it: half of a pair would throw here.
    expect(encodeURI(details).length).toBeLessThan(2_000);
    expect((metadata!.get('weir-error-bin')[0] as Buffer).length).toBeLessThan(3_000);
  });

  it('is INTERNAL when a newer server sends a code that this version does not know', () => {
    const detail = { ...new WeirError('FENCED', 'stop').toDetail(), code: 'FROM_THE_FUTURE' };
    expect(WeirError.fromDetail(detail)).toMatchObject({ code: 'INTERNAL', message: 'stop' });
  });

  it('follows the gRPC status where there is no detail', () => {
    expect(WeirError.from(received(status.UNAVAILABLE, 'no connection'))).toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
      message: 'no connection',
    });
    expect(WeirError.from(received(status.DEADLINE_EXCEEDED, 'late')).code).toBe('DEADLINE_EXCEEDED');
    expect(WeirError.from(received(status.CANCELLED, 'gone')).code).toBe('CANCELLED');
    expect(WeirError.from(received(status.DATA_LOSS, 'what')).code).toBe('INTERNAL');
  });

  it('takes an aborted signal for what it was', () => {
    const aborted = AbortSignal.abort().reason;
    expect(WeirError.from(aborted)).toMatchObject({ code: 'CANCELLED', cause: aborted });
    expect(WeirError.from(new DOMException('too late', 'TimeoutError')).code).toBe('DEADLINE_EXCEEDED');
  });

  it('keeps anything else as the cause of an INTERNAL', () => {
    const cause = new TypeError('x is undefined');
    expect(WeirError.from(cause)).toMatchObject({ code: 'INTERNAL', message: 'x is undefined', cause });
    expect(WeirError.from('a string')).toMatchObject({ code: 'INTERNAL', message: 'a string' });
    const already = new WeirError('FENCED', 'stop');
    expect(WeirError.from(already)).toBe(already);
  });
});

describe('the list of error codes', () => {
  it('says for each code what it means and what to do, and carries it as a failure', () => {
    for (const code of codes) {
      const { meaning, advice, status: carrier } = ERROR_CODES[code];
      expect(meaning, code).toMatch(/^[A-Z].*\.$/);
      expect(advice, code).toMatch(/^[A-Z].*\.$/);
      expect(carrier, code).not.toBe(status.OK);
    }
  });

  it('knows its own names alone', () => {
    expect(isErrorCode('NOT_OWNER')).toBe(true);
    expect(isErrorCode('toString')).toBe(false);
  });
});
