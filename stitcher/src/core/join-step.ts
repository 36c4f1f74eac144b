// What one step of a join has to write: output records, and the changes of its state.
import type { OpenRequest } from './open-request.ts';
import type { PendingEvent } from './pending-event.ts';

export const OUTPUT_STREAMS = ['samples', 'late', 'orphans', 'rejected'] as const;
export type OutputStream = (typeof OUTPUT_STREAMS)[number];

/** Data, or progress. */
export interface OutputRecord {
  readonly value?: Uint8Array;
  readonly progressTimeMs?: number;
  /** Of samples: the `traceparent`s of the request and of its behaviour, as far as they are sampled. */
  readonly traces?: readonly string[];
  /** Of samples that were traced. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface JoinStep {
  readonly outputs: Readonly<Record<OutputStream, OutputRecord[]>>;
  /** Of samples that left with behaviour behind them: its `ingestTimeMs`. */
  readonly behaviourMs: number[];
  /** New or changed skeletons. */
  readonly requests: Set<OpenRequest>;
  /** Of the requests that were opened; each is written once. */
  readonly templates: Map<OpenRequest, Uint8Array>;
  readonly waitingAdded: Set<PendingEvent>;
  /** Of those that an earlier step wrote. */
  readonly waitingGone: Set<PendingEvent>;
}

export function emptyStep(): JoinStep {
  return {
    outputs: { samples: [], late: [], orphans: [], rejected: [] },
    behaviourMs: [],
    requests: new Set(),
    templates: new Map(),
    waitingAdded: new Set(),
    waitingGone: new Set(),
  };
}
