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

/** With the interval that holds the truth in 95 of 100 experiments. */
export interface ShareLook {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Of the scenario `shop`: clicks a visit since the season changed. */
export interface ShopLook {
  readonly isShifted: boolean;
  readonly sinceShiftS: number;
  readonly online: { readonly visits: number; readonly clickThrough: ShareLook | null };
  readonly frozen: { readonly visits: number; readonly clickThrough: ShareLook | null };
  /** Of the online arm over the frozen one. */
  readonly ahead: ShareLook | null;
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
  /** Of both arms of the scenario `shop`, once its season has changed. */
  readonly clickThrough: { readonly online: number | null; readonly frozen: number | null };
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
  /** Null: another show. */
  readonly shop: ShopLook | null;
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
