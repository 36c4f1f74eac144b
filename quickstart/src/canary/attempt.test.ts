import { canaryToken } from '@weir/proto';
import { PutResponse } from '@weir/proto/v1/ingest';
import { RankResponse } from '@weir/proto/v1/predictor';
import { describe, expect, it } from 'vitest';
import { attemptCanary, type CanaryCalls } from './attempt.ts';

const SIGNAL = new AbortController().signal;

/** A loop that answers a look with what came of the token that was ranked and clicked last. */
function loop(through: (token: number) => number, calls: Partial<CanaryCalls> = {}) {
  const sent: string[] = [];
  let ranked = 0;
  let clicked = 0;
  const whole: CanaryCalls = {
    async rank({ servingId }) {
      const token = canaryToken(servingId)!;
      sent.push(token === 0 ? 'look' : 'rank');
      if (token > 0) ranked = token;
      return { ...RankResponse.decode(new Uint8Array(0)), canaryToken: through(clicked) };
    },
    async putEvents({ events }) {
      sent.push('event');
      clicked = canaryToken(events[0]!.servingId)!;
      expect(clicked).toBe(ranked);
      return { ...PutResponse.decode(new Uint8Array(0)), accepted: 1 };
    },
    ...calls,
  };
  return { sent, attempt: () => attemptCanary(whole, 120, SIGNAL) };
}

describe('attemptCanary', () => {
  it('ranks, clicks, and looks until its own token is back', async () => {
    const { sent, attempt } = loop((token) => token);
    expect(await attempt()).toMatchObject({ outcome: 'ok' });
    expect(sent).toEqual(['rank', 'event', 'look']);
  });

  it('says which step failed', async () => {
    const fail = () => Promise.reject(new Error('away'));
    expect((await loop((token) => token, { rank: fail }).attempt()).outcome).toBe('rank_failed');
    expect((await loop((token) => token, { putEvents: fail }).attempt()).outcome).toBe('event_failed');
    const rejections = [{ index: 0, reason: 'time_absurd' }];
    const putEvents = async () => ({ accepted: 0, duplicates: 0, rejections });
    expect((await loop((token) => token, { putEvents }).attempt()).outcome).toBe('event_failed');
  });

  it('does not take the token of another for its own', async () => {
    const { sent, attempt } = loop((token) => token - 1);
    expect((await attempt()).outcome).toBe('timeout');
    expect(sent.filter((one) => one === 'look').length).toBeGreaterThan(1);
  });
});
