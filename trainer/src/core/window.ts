// Collects requests into windows: the unit that is pulled, learned and pushed at once. A request is never split.
// A window closes when it holds enough requests or would push enough bytes; the caller closes it early after a
// timeout or at the end of the input. Keys are numbered as requests come in, each once per window.
import type { TableDefinition } from '@weir/model';
import { KeyIndex, type PackedKeys, type SpanContext, TraceSample } from '@weir/proto';
import type { PartitionPosition } from './partition-merge.ts';
import type { PreparedRequest } from './prepare-request.ts';

/** The last two end a window that may hold no request: where a catch-up is cut, and time that passed without samples. */
export const CLOSE_REASONS = ['count', 'bytes', 'timeout', 'end_of_input', 'cut', 'advance'] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];

export interface WindowRequest extends PreparedRequest {
  /** Per table the number of each of the request's keys among the window's; parallel to `learning.keys`. */
  readonly numbers: readonly Uint32Array[];
}

export interface Window {
  readonly reason: CloseReason;
  readonly requests: readonly WindowRequest[];
  /** Per table, each key once. */
  readonly keys: readonly PackedKeys[];
  /** Wall clock of the oldest behaviour behind it; 0: none. */
  readonly originTimeMs: number;
  /** Where the partitions stand once it is learned. */
  readonly positions: readonly PartitionPosition[];
  /** Of its requests that are traced. */
  readonly traces: readonly SpanContext[];
}

export interface WindowBounds {
  readonly requestsMax: number;
  /** Of the gradients that it will push. */
  readonly bytesMax: number;
}

export class WindowBuilder {
  readonly #tables: readonly TableDefinition[];
  readonly #bounds: WindowBounds;
  readonly #indexes: readonly KeyIndex[];
  #requests: WindowRequest[] = [];
  #originTimeMs = 0;
  #traces = new TraceSample();

  constructor(tables: readonly TableDefinition[], bounds: WindowBounds) {
    this.#tables = tables;
    this.#bounds = bounds;
    this.#indexes = tables.map(() => new KeyIndex(4096));
  }

  get size(): number {
    return this.#requests.length;
  }

  /** Returns why the window has to be closed now, if it has. */
  add(request: PreparedRequest): 'count' | 'bytes' | undefined {
    const numbers =
      request.learning?.keys.map((keys, table) => numberKeys(this.#indexes[table]!, keys)) ?? [];
    this.#requests.push({ ...request, numbers });
    const { ingestTimeMs, trace, canary } = request.request;
    this.#traces.add(trace);
    const isBehaviour = ingestTimeMs > 0 && canary === undefined;
    if (isBehaviour && (this.#originTimeMs === 0 || ingestTimeMs < this.#originTimeMs)) {
      this.#originTimeMs = ingestTimeMs;
    }
    if (this.#requests.length >= this.#bounds.requestsMax) return 'count';
    return this.#bytes() >= this.#bounds.bytesMax ? 'bytes' : undefined;
  }

  close(reason: CloseReason, positions: readonly PartitionPosition[]): Window {
    const window = {
      reason,
      requests: this.#requests,
      keys: this.#indexes.map((index) => index.keys.slice()),
      originTimeMs: this.#originTimeMs,
      positions,
      traces: this.#traces.contexts,
    };
    for (const index of this.#indexes) index.clear();
    this.#requests = [];
    this.#originTimeMs = 0;
    this.#traces = new TraceSample();
    return window;
  }

  #bytes(): number {
    return this.#tables.reduce((sum, { dim }, table) => sum + this.#indexes[table]!.size * dim * 4, 0);
  }
}

function numberKeys(index: KeyIndex, keys: PackedKeys): Uint32Array {
  const numbers = new Uint32Array(keys.length >>> 1);
  for (let i = 0; i < numbers.length; i++) numbers[i] = index.insert(keys[2 * i]!, keys[2 * i + 1]!);
  return numbers;
}
