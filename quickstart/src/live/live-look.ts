// What the page of the live view is told about a running loop, as JSON over HTTP. Server and page share these types.

export interface ArmFigures {
  readonly logLoss: number | null;
  readonly auc: number | null;
}

export interface StageFreshness {
  readonly stage: string;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface ShardLook {
  readonly id: string;
  readonly rows: number;
  readonly updatesPerS: number;
}

export interface BarrierLook {
  readonly group: string;
  readonly step: number;
  readonly members: number;
  /** Names of members that have not contributed while others wait; empty: nobody waits. */
  readonly waitingFor: readonly string[];
  readonly waitingMs: number;
}

/** One moment on the charts. */
export interface Point {
  /** Since the start. */
  readonly atS: number;
  /** Since the freeze; before it, of everything that was served. */
  readonly online: ArmFigures;
  /** Nothing before the freeze. */
  readonly frozen: ArmFigures;
  readonly samplesPerS: number;
  readonly freshnessP50Ms: number | null;
  readonly freshnessP99Ms: number | null;
}

export interface LiveLook {
  readonly point: Point;
  readonly requests: number;
  readonly requestsTotal: number;
  readonly events: number;
  readonly samples: number;
  /** Of the events, those that found their request in time; null before the first event. */
  readonly associationRate: number | null;
  /** Event time (Unix ms) of the newest record. */
  readonly timeMs: number | null;
  /** From a behaviour event to the first answer that it changed, and what the way there is made of. */
  readonly freshness: readonly StageFreshness[];
  readonly shards: readonly ShardLook[];
  readonly barriers: readonly BarrierLook[];
}

/** The first message to a page: what it missed. */
export interface LiveStart {
  readonly title: string;
  readonly history: readonly Point[];
}

/** The last message: why there will be none any more. */
export interface LiveEnd {
  readonly summary: readonly string[];
}

export interface DocumentSuggestion {
  readonly id: string;
  /** In how many requests it was ranked. */
  readonly requests: number;
}

export interface VectorLook {
  readonly table: string;
  /** In hexadecimal digits. */
  readonly key: string;
  readonly weights: readonly number[];
}

/** What the model holds of one document just now. */
export interface DocumentLook {
  readonly id: string;
  readonly requests: number;
  /** By label: of a request in which nothing else is known. */
  readonly probabilities: Readonly<Record<string, number>>;
  readonly vectors: readonly VectorLook[];
}
