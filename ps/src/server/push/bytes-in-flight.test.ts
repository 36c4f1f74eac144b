import { PUSH_BYTES_MAX } from '@weir/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BYTES_IN_FLIGHT_MAX,
  OVERLOADED_RETRY_MAX_MS,
  OVERLOADED_RETRY_MIN_MS,
  RESERVED_BYTES_IN_FLIGHT,
  STREAM_BYTES_IN_FLIGHT_MAX,
} from '../../limits.ts';
import { BytesInFlight, type ShareOfBytes } from './bytes-in-flight.ts';

const MIB = 1024 * 1024;

/** Takes pushes of 1 MiB until one does not fit. @returns how many. */
function fill(share: ShareOfBytes): number {
  let taken = 0;
  while (share.take(MIB, taken === 0)) taken++;
  return taken;
}

describe('bytes in flight', () => {
  it('are as many for a client alone as a stream may hold', () => {
    expect(fill(new BytesInFlight().share())).toBe(STREAM_BYTES_IN_FLIGHT_MAX / MIB);
  });

  it('leave room for a newcomer and for a large push, however many greedy clients there are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 32 }), (clients) => {
        const whole = new BytesInFlight();
        for (let i = 0; i < clients; i++) fill(whole.share());
        expect(whole.held).toBeLessThanOrEqual(
          BYTES_IN_FLIGHT_MAX - RESERVED_BYTES_IN_FLIGHT + clients * MIB,
        );
        expect(whole.held + PUSH_BYTES_MAX).toBeLessThanOrEqual(BYTES_IN_FLIGHT_MAX);
        expect(whole.share().take(PUSH_BYTES_MAX, true)).toBe(true);
      }),
      { numRuns: 20, examples: [[1], [20]] },
    );
  });

  it('are bounded, and free again when given back', () => {
    const whole = new BytesInFlight();
    const shares = Array.from({ length: 300 }, () => whole.share());
    const taken = shares.map((share) => (share.take(MIB, true) ? MIB : 0));
    expect(whole.held).toBe(BYTES_IN_FLIGHT_MAX);
    shares.forEach((share, i) => {
      share.release(taken[i]!);
    });
    expect(whole.held).toBe(0);
  });

  it('say when to come again: sooner the faster they drain, within bounds', () => {
    let nowMs = 0;
    const whole = new BytesInFlight(() => nowMs);
    const share = whole.share();
    expect(whole.retryAfterMs).toBe(OVERLOADED_RETRY_MIN_MS);
    share.take(40 * MIB, true);
    expect(whole.retryAfterMs).toBe(OVERLOADED_RETRY_MAX_MS);
    const hintAt = (pauseMs: number): number => {
      for (let i = 0; i < 500; i++) {
        nowMs += pauseMs;
        share.release(MIB);
        share.take(MIB, false);
      }
      return whole.retryAfterMs;
    };
    // 20 MiB are half: at 100 MiB/s 200 ms, at 50 twice that.
    expect(hintAt(10) / 200).toBeCloseTo(1, 1);
    expect(hintAt(20) / 400).toBeCloseTo(1, 1);
  });
});
