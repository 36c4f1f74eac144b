// The requests in memory, by serving id and in order of exposure. Timers are not stored: what is due between two
// watermarks is, for each window, a range of this order.
import { type OpenRequest, skeletonBytes, strip } from './open-request.ts';

export class OpenRequests {
  readonly #byId = new Map<string, OpenRequest>();
  /** By (time, serving id); what stands before `#head` is gone. */
  #order: OpenRequest[] = [];
  #head = 0;
  #skeletonBytes = 0;
  /** Requests whose template is in memory, oldest arrival first; what stands before its head is gone. */
  #templates: OpenRequest[] = [];
  #templatesHead = 0;
  #templateBytes = 0;

  get count(): number {
    return this.#byId.size;
  }

  get skeletonBytes(): number {
    return this.#skeletonBytes;
  }

  get templateBytes(): number {
    return this.#templateBytes;
  }

  has(request: OpenRequest): boolean {
    return this.#byId.get(request.servingId) === request;
  }

  find(servingId: string): OpenRequest | undefined {
    return this.#byId.get(servingId);
  }

  /** Precondition: no request of this serving id is here. */
  insert(request: OpenRequest): void {
    this.#byId.set(request.servingId, request);
    const at = this.#order.length;
    // Requests come nearly in order of time.
    if (at === this.#head || compare(this.#order[at - 1]!, request) < 0) this.#order.push(request);
    else this.#order.splice(this.#lowerBound(request.timeMs, request.servingId), 0, request);
    this.changed(request);
    if (request.template !== undefined) {
      this.#templates.push(request);
      this.#templateBytes += request.template.length;
    }
  }

  /** To be called when a request's fields have changed. */
  changed(request: OpenRequest): void {
    const bytes = skeletonBytes(request);
    this.#skeletonBytes += bytes - request.countedBytes;
    request.countedBytes = bytes;
  }

  /** Requests with exposures in [fromMs, toMs), in order. */
  between(fromMs: number, toMs: number): OpenRequest[] {
    if (toMs <= fromMs) return [];
    return this.#order.slice(this.#lowerBound(fromMs, ''), this.#lowerBound(toMs, ''));
  }

  close(request: OpenRequest): void {
    strip(request);
    this.changed(request);
    this.#dropTemplate(request);
  }

  /** Drops the oldest templates until at most this much is held. */
  evictTemplates(bytesMax: number): void {
    while (this.#templateBytes > bytesMax && this.#templatesHead < this.#templates.length) {
      this.#dropTemplate(this.#templates[this.#templatesHead++]!);
    }
    while (this.#templates[this.#templatesHead]?.template === undefined) {
      if (this.#templatesHead >= this.#templates.length) break;
      this.#templatesHead++;
    }
    if (this.#templatesHead > 1024 && this.#templatesHead * 2 > this.#templates.length) {
      this.#templates = this.#templates.slice(this.#templatesHead);
      this.#templatesHead = 0;
    }
  }

  /** Forgets requests with exposures below this time, and returns them. */
  removeBelow(timeMs: number): OpenRequest[] {
    const end = this.#lowerBound(timeMs, '');
    if (end === this.#head) return [];
    const removed = this.#order.slice(this.#head, end);
    for (const request of removed) {
      this.#dropTemplate(request);
      this.#byId.delete(request.servingId);
      this.#skeletonBytes -= request.countedBytes;
      request.countedBytes = 0;
    }
    this.#head = end;
    if (this.#head > 1024 && this.#head * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#head);
      this.#head = 0;
    }
    return removed;
  }

  /**
   * The time below which requests have to go so that skeletons take at most this much; requests of one time stay
   * together.
   */
  timeToShrinkTo(bytesMax: number): number {
    let excess = this.#skeletonBytes - bytesMax;
    let at = this.#head;
    while (excess > 0 && at < this.#order.length) excess -= this.#order[at++]!.countedBytes;
    return at === this.#head ? 0 : this.#order[at - 1]!.timeMs + 1;
  }

  #dropTemplate(request: OpenRequest): void {
    if (request.template === undefined) return;
    this.#templateBytes -= request.template.length;
    request.template = undefined;
  }

  /** Index of the first request at or after (time, serving id). */
  #lowerBound(timeMs: number, servingId: string): number {
    let low = this.#head;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { timeMs: t, servingId: id } = this.#order[middle]!;
      if (t < timeMs || (t === timeMs && id < servingId)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function compare(a: OpenRequest, b: OpenRequest): number {
  return a.timeMs - b.timeMs || (a.servingId < b.servingId ? -1 : 1);
}
