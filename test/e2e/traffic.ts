// Made-up traffic with known counts: lists of documents of different quality, clicks that follow quality and position.
// The same seed makes the same traffic. Pure.

export interface TrafficOptions {
  readonly seed: number;
  readonly requests: number;
  readonly docsPerRequest: number;
}

export interface Traffic {
  /** Lines of an NDJSON input, sorted by time. */
  readonly lines: readonly string[];
  /** `serving id/document` of every sample that must come of it. */
  readonly samples: ReadonlySet<string>;
  /** Of these, the clicked ones. */
  readonly positives: ReadonlySet<string>;
}

const START_MS = Date.UTC(2024, 0, 1);
const REQUEST_INTERVAL_MS = 7_000;
const CLICK_DELAY_MS_MAX = 60_000;
const DOCUMENTS = 60;

export function makeTraffic({ seed, requests, docsPerRequest }: TrafficOptions): Traffic {
  const random = mulberry32(seed);
  const lines: { timeMs: number; line: string }[] = [];
  const samples = new Set<string>();
  const positives = new Set<string>();
  for (let i = 0; i < requests; i++) {
    const timeMs = START_MS + i * REQUEST_INTERVAL_MS + Math.floor(random() * 1000);
    const id = `r${i}-${seed}`;
    const user = `u${Math.floor(random() * 20)}`;
    const first = Math.floor(random() * DOCUMENTS);
    const docs = Array.from({ length: docsPerRequest }, (_, position) => {
      const number = (first + position * 7) % DOCUMENTS;
      return { number, position, id: `d${number}` };
    });
    lines.push({
      timeMs,
      line: JSON.stringify({
        kind: 'request',
        time: timeMs,
        id,
        user,
        scene: 'test',
        context: { user },
        docs: docs.map((doc) => ({
          id: doc.id,
          features: { item: doc.id, price: (doc.number % 10) / 10 },
          exposure: { pos: String(doc.position + 1) },
        })),
      }),
    });
    for (const doc of docs) {
      samples.add(`${id}/${doc.id}`);
      if (random() >= clickProbability(doc.number, doc.position)) continue;
      positives.add(`${id}/${doc.id}`);
      const clickMs = timeMs + Math.floor(random() * CLICK_DELAY_MS_MAX);
      lines.push({ timeMs: clickMs, line: clickLine(clickMs, id, user, doc.id) });
    }
  }
  lines.sort((a, b) => a.timeMs - b.timeMs);
  return { lines: lines.map(({ line }) => line), samples, positives };
}

function clickLine(timeMs: number, request: string, user: string, doc: string): string {
  return JSON.stringify({
    kind: 'event',
    time: timeMs,
    id: `c-${request}-${doc}`,
    type: 'click',
    request,
    user,
    doc,
    value: 1,
  });
}

/** Every sixth document is good; lower positions are looked at less. */
function clickProbability(number: number, position: number): number {
  const quality = number % 6 === 0 ? 0.7 : 0.06;
  return quality / (1 + position / 4);
}

/** Log loss of always predicting the share of positives. */
export function baseRateLogLoss({ samples, positives }: Traffic): number {
  const rate = positives.size / samples.size;
  return -(rate * Math.log(rate) + (1 - rate) * Math.log(1 - rate));
}

/** Mulberry32 (Tommy Ettinger, public domain): uniform in [0, 1). */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
