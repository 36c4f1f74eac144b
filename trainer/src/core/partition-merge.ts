// Puts the partitions of a stream into one order: by the time a request's samples became knowable, then by serving
// id, within a partition always by offset. A request is released once no partition can still bring an earlier
// one: a partition with waiting requests cannot bring anything before its first, an empty one nothing below its
// bound. So the order follows from the partitions' contents alone, whenever they arrive. Memory is bounded by the
// reader: it adds to a partition only while that is not full.

export interface Ordered {
  readonly knownTimeMs: number;
  readonly servingId: string;
  readonly offset: number;
  readonly bytes: number;
}

export interface PartitionPosition {
  readonly partition: number;
  /** Next offset to read. */
  readonly offset: number;
  /** Everything known below it is released. */
  readonly timeMs: number;
}

export interface MergeBounds {
  readonly requestsMax: number;
  readonly bytesMax: number;
}

interface Lane<T> {
  readonly partition: number;
  queue: T[];
  /** Index of the first one waiting. */
  first: number;
  bytes: number;
  /** Nothing below it follows: the last progress record's time or the last request's, whichever is later. */
  boundMs: number;
  nextOffset: number;
}

/** Released entries are cut off an array once there are this many. */
const COMPACT_AT = 1024;

export class PartitionMerge<T extends Ordered> {
  readonly #lanes: Lane<T>[];
  readonly #byPartition: ReadonlyMap<number, Lane<T>>;
  readonly #bounds: MergeBounds;

  /** @param start per partition that is merged; its time is that of the last commit. */
  constructor(start: readonly PartitionPosition[], bounds: MergeBounds) {
    this.#bounds = bounds;
    this.#lanes = start.map(({ partition, offset, timeMs }) => ({
      partition,
      queue: [],
      first: 0,
      bytes: 0,
      boundMs: timeMs,
      nextOffset: offset,
    }));
    this.#byPartition = new Map(this.#lanes.map((lane) => [lane.partition, lane]));
  }

  /** Requests waiting. */
  get size(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.queue.length - lane.first, 0);
  }

  /** Whether the partition's reader has to wait. A full partition holds requests, so the others are never waited for in vain. */
  isFull(partition: number): boolean {
    const lane = this.#lane(partition);
    return lane.queue.length - lane.first >= this.#bounds.requestsMax || lane.bytes >= this.#bounds.bytesMax;
  }

  add(partition: number, request: T): void {
    const lane = this.#lane(partition);
    lane.queue.push(request);
    lane.bytes += request.bytes;
    lane.boundMs = Math.max(lane.boundMs, request.knownTimeMs);
    lane.nextOffset = request.offset + 1;
  }

  /** A record without a request was read: a progress record, or one that was refused. */
  pass(partition: number, offset: number, progressTimeMs?: number): void {
    const lane = this.#lane(partition);
    lane.nextOffset = offset + 1;
    if (progressTimeMs !== undefined) lane.boundMs = Math.max(lane.boundMs, progressTimeMs);
  }

  /** The next request in order, or nothing while an earlier one may still arrive. */
  next(): T | undefined {
    let best: Lane<T> | undefined;
    let emptyBoundMs = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes) {
      if (lane.first === lane.queue.length) emptyBoundMs = Math.min(emptyBoundMs, lane.boundMs);
      else if (best === undefined || precedes(head(lane), head(best))) best = lane;
    }
    if (best === undefined || head(best).knownTimeMs >= emptyBoundMs) return undefined;
    const request = head(best);
    best.first++;
    best.bytes -= request.bytes;
    if (best.first === best.queue.length || best.first === COMPACT_AT) {
      best.queue = best.queue.slice(best.first);
      best.first = 0;
    }
    return request;
  }

  /** Where each partition stands, in the order of the start: all before it is released. */
  positions(): PartitionPosition[] {
    return this.#lanes.map((lane) => {
      const { partition } = lane;
      if (lane.first === lane.queue.length) {
        return { partition, offset: lane.nextOffset, timeMs: lane.boundMs };
      }
      const { offset, knownTimeMs } = head(lane);
      return { partition, offset, timeMs: knownTimeMs };
    });
  }

  /** Everything known below it, in any partition, is released. */
  get frontierMs(): number {
    return Math.min(...this.positions().map(({ timeMs }) => timeMs));
  }

  #lane(partition: number): Lane<T> {
    const lane = this.#byPartition.get(partition);
    if (lane === undefined) throw new Error(`partition ${partition} is not merged here`);
    return lane;
  }
}

function head<T>(lane: Lane<T>): T {
  return lane.queue[lane.first]!;
}

function precedes(a: Ordered, b: Ordered): boolean {
  return a.knownTimeMs < b.knownTimeMs || (a.knownTimeMs === b.knownTimeMs && a.servingId < b.servingId);
}
