// One synthetic request through the whole loop: Rank, its feature record, an event, the sample, the push to every shard, the
// deltas, and a Rank that sees them. It succeeds only when all of these did.
import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CANARY_EVENT,
  CANARY_LOOK,
  CANARY_TOKEN_MAX,
  canaryServingId,
  encodeFeatureBlock,
} from '@weir/proto';
import type { PutEventsRequest, PutResponse } from '@weir/proto/v1/ingest';
import type { RankRequest, RankResponse } from '@weir/proto/v1/predictor';
import { CANARY_LOOK_INTERVAL_MS } from '../limits.ts';

/** What became of it; `timeout`: Rank and event were taken, and nothing came back in time. */
export const CANARY_OUTCOMES = ['ok', 'rank_failed', 'event_failed', 'timeout'] as const;
export type CanaryOutcome = (typeof CANARY_OUTCOMES)[number];

export interface Attempt {
  readonly outcome: CanaryOutcome;
  readonly durationMs: number;
  /** Of the call that failed last. */
  readonly error?: unknown;
}

export interface CanaryCalls {
  rank(request: RankRequest): Promise<RankResponse>;
  putEvents(request: PutEventsRequest): Promise<PutResponse>;
}

const DOCUMENT = 'weir-canary';
/** No feature at all: every model scores it with its defaults. */
const FEATURES = encodeFeatureBlock({ docs: [{}] });

/** @param signal ends it early, as a timeout */
export async function attemptCanary(
  calls: CanaryCalls,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Attempt> {
  const beginMs = performance.now();
  const ended = (outcome: CanaryOutcome, error?: unknown): Attempt => ({
    outcome,
    durationMs: performance.now() - beginMs,
    ...(error !== undefined && { error }),
  });
  const token = randomInt(1, CANARY_TOKEN_MAX + 1);
  const nonce = randomBytes(8).toString('hex');
  const servingId = canaryServingId(token, nonce);
  try {
    await calls.rank(rankRequest(servingId));
  } catch (error) {
    return ended('rank_failed', error);
  }
  try {
    const { rejections } = await calls.putEvents({ events: [event(servingId)] });
    if (rejections.length > 0) return ended('event_failed', new Error(rejections[0]!.reason));
  } catch (error) {
    return ended('event_failed', error);
  }
  let failed: unknown;
  while (performance.now() - beginMs < timeoutMs && !signal.aborted) {
    try {
      const { canaryToken } = await calls.rank(rankRequest(canaryServingId(CANARY_LOOK, nonce)));
      if (canaryToken === token) return ended('ok');
      failed = undefined;
    } catch (error) {
      failed = error;
    }
    await sleep(CANARY_LOOK_INTERVAL_MS, undefined, { signal }).catch(() => {});
  }
  return ended('timeout', failed);
}

function rankRequest(servingId: string): RankRequest {
  return { servingId, timeMs: 0, user: '', scene: '', docIds: [DOCUMENT], features: FEATURES };
}

function event(servingId: string): PutEventsRequest['events'][number] {
  const nowMs = Date.now();
  return {
    eventId: servingId,
    type: CANARY_EVENT,
    servingId,
    user: '',
    session: '',
    docId: DOCUMENT,
    clientTimeMs: nowMs,
    timeMs: nowMs,
    value: 1,
    ingestTimeMs: 0,
  };
}
