// A round's traffic, drawn from its seed, and what its samples add to the counts. Pure.
import { encodeFeatureBlock } from '@weir/proto';
import type { EventRecord, ReplayRecord, RequestRecord } from '@weir/quickstart';
import { categoricalKey } from '../../../model/src/feature-key.ts';
import { ALL_KEY } from './counting-model.ts';

export interface RoundTraffic {
  /** In order of time. */
  readonly records: readonly ReplayRecord[];
  /** Event time at which the windows of all its samples are over; the next round begins there. */
  readonly endMs: number;
  readonly samples: ReadonlySet<string>;
  readonly positives: ReadonlySet<string>;
  readonly counts: Counts;
}

/** By key. */
export type Counts = Map<bigint, { samples: number; positives: number }>;

/** Event time; so that samples fall due all through the round. */
export const ATTRIBUTION_MS = 40_000;
const REQUESTS = 160;
const REQUEST_INTERVAL_MS = 1_000;
const CLICK_DELAY_MS_MAX = 30_000;
const DOCUMENTS_PER_REQUEST = 6;
const CATALOGUE = 300;
const USERS = 40;
const CLICK_PROBABILITY = 0.15;
/** Of clicks: the caller sends them once more. */
const REPEAT_PROBABILITY = 0.1;

export function makeRound(random: () => number, round: number, startMs: number): RoundTraffic {
  const records: ReplayRecord[] = [];
  const samples = new Set<string>();
  const positives = new Set<string>();
  const counts: Counts = new Map();
  const pick = (count: number) => Math.floor(random() * count);
  for (let i = 0; i < REQUESTS; i++) {
    const timeMs = startMs + i * REQUEST_INTERVAL_MS + pick(REQUEST_INTERVAL_MS);
    const servingId = `round-${round}-${i}`;
    const user = `u${pick(USERS)}`;
    const first = pick(CATALOGUE);
    const docIds = Array.from(
      { length: DOCUMENTS_PER_REQUEST },
      (_, place) => `d${(first + place * 7) % CATALOGUE}`,
    );
    records.push(request(timeMs, servingId, user, docIds));
    for (const docId of docIds) {
      const isPositive = random() < CLICK_PROBABILITY;
      samples.add(`${servingId}/${docId}`);
      count(counts, user, docId, isPositive);
      if (!isPositive) continue;
      positives.add(`${servingId}/${docId}`);
      const clickMs = timeMs + pick(CLICK_DELAY_MS_MAX);
      const repeats = random() < REPEAT_PROBABILITY ? 2 : 1;
      for (let n = 0; n < repeats; n++) records.push(click(clickMs, servingId, user, docId));
    }
  }
  records.sort((a, b) => a.timeMs - b.timeMs);
  return {
    records,
    endMs: startMs + REQUESTS * REQUEST_INTERVAL_MS + ATTRIBUTION_MS + 1,
    samples,
    positives,
    counts,
  };
}

export function addCounts(to: Counts, from: Counts): void {
  for (const [key, { samples, positives }] of from) {
    const row = to.get(key);
    if (row === undefined) to.set(key, { samples, positives });
    else {
      row.samples += samples;
      row.positives += positives;
    }
  }
}

function count(counts: Counts, user: string, docId: string, isPositive: boolean): void {
  for (const key of [ALL_KEY, categoricalKey('user', user), categoricalKey('item', docId)]) {
    addCounts(counts, new Map([[key, { samples: 1, positives: isPositive ? 1 : 0 }]]));
  }
}

function request(timeMs: number, servingId: string, user: string, docIds: readonly string[]): RequestRecord {
  const features = encodeFeatureBlock({
    context: { user },
    docs: docIds.map((id) => ({ id, features: { item: id } })),
  });
  return { kind: 'request', timeMs, servingId, user, scene: 'fault', docIds, features };
}

function click(timeMs: number, servingId: string, user: string, docId: string): EventRecord {
  return {
    kind: 'event',
    timeMs,
    eventId: `${servingId}/${docId}`,
    type: 'click',
    servingId,
    user,
    docId,
    value: 1,
  };
}
