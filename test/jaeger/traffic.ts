// Traffic of a small shop whose ids are found again wherever they appear: no other text has them. A request a minute, so
// that windows of 20 minutes close while requests still come. Pure.
import { mulberry32 } from '../e2e/traffic.ts';

export interface ShopTraffic {
  /** Of an NDJSON input, sorted by time. */
  readonly lines: readonly string[];
  /** Every serving id, event id, user, session and document in it. */
  readonly ids: ReadonlySet<string>;
}

/** For `weir replay`: two hours in twelve seconds, so that there are requests after the first windows have been learned. */
export const SHOP_SPEED = '600';

export interface ShopOptions {
  readonly seed: number;
  readonly requests: number;
}

const START_MS = Date.UTC(2024, 0, 1);
const REQUEST_INTERVAL_MS = 60_000;
const DOCUMENTS_PER_REQUEST = 6;
const CATALOGUE = 24;
const VISITORS = 9;
const CLICK_SHARE = 0.6;
const CLICK_DELAY_MS = 30_000;

export function shopTraffic({ seed, requests }: ShopOptions): ShopTraffic {
  const random = mulberry32(seed);
  const ids = new Set<string>();
  const id = (kind: string, number: number): string => {
    const made = `${kind}-q${number}z`;
    ids.add(made);
    return made;
  };
  const lines: string[] = [];
  for (let i = 0; i < requests; i++) {
    const time = START_MS + i * REQUEST_INTERVAL_MS;
    const serving = id('serving', i);
    const user = id('visitor', Math.floor(random() * VISITORS));
    const first = Math.floor(random() * CATALOGUE);
    const docs = Array.from({ length: DOCUMENTS_PER_REQUEST }, (_, position) => {
      const doc = id('article', (first + position) % CATALOGUE);
      return {
        id: doc,
        features: { item: doc, price: position / 10 },
        exposure: { pos: String(position + 1) },
      };
    });
    const request = { kind: 'request', time, id: serving, user, scene: 'shop', context: { user }, docs };
    lines.push(JSON.stringify(request));
    if (random() >= CLICK_SHARE) continue;
    const { id: doc } = docs[Math.floor(random() * DOCUMENTS_PER_REQUEST)]!;
    const event = { id: id('deed', i), type: 'click', request: serving, user, doc, value: 1 };
    lines.push(JSON.stringify({ kind: 'event', time: time + CLICK_DELAY_MS, ...event }));
  }
  return { lines, ids };
}

/** The words after `weir` that send this traffic, written to `input`, through a loop that tells `otlpUrl` of it. */
export const replayOf = (input: string, otlpUrl: string): readonly string[] => [
  ...['replay', '--input', input, '--speed', SHOP_SPEED, '--window', '4', '--json'],
  ...['--telemetry', otlpUrl],
];
