// Requests that are only in the store, and what the store removes. Memory holds the newest: all requests with
// exposures below one time are cold, those above it are not. Whoever reads has to have all writes behind it.
import type { WriteBatch } from '@weir/store';
import type { Join } from '../core/join.ts';
import type { OpenRequest } from '../core/open-request.ts';
import { FORGET_SPILLED_MAX } from './limits.ts';
import type { PartitionStore } from './partition-store.ts';

export interface ColdState {
  /** Requests with exposures below it are not kept in memory; the family `spilled` finds them by serving id. */
  readonly spilledBelowMs: number;
  readonly spilledCount: number;
  /** Below it the store holds no requests, or no templates, any more. */
  readonly requestsGoneBelowMs: number;
  readonly templatesGoneBelowMs: number;
}

export class ColdRequests {
  readonly #store: PartitionStore;
  readonly #join: Join;
  readonly #expiryMs: number;
  #state: ColdState;

  constructor(store: PartitionStore, join: Join, state: ColdState) {
    this.#store = store;
    this.#join = join;
    this.#state = state;
    // What has expired is removed a piece of time at once: a range delete has a cost.
    this.#expiryMs = Math.max(1_000, Math.ceil(join.options.plan.windowMaxMs / 16));
  }

  get state(): ColdState {
    return this.#state;
  }

  get isEmpty(): boolean {
    return this.#state.spilledCount === 0;
  }

  /** By serving id; those that are not here are left out. */
  find(servingIds: readonly string[]): Promise<OpenRequest[]> {
    return this.#store.spilledRequests(servingIds);
  }

  /**
   * Requests with exposures in [fromMs, toMs), in order: all of them, or, if their templates take more than
   * `bytesMax`, at least one more than fits, but no part of those of one time.
   */
  async between(fromMs: number, toMs: number, bytesMax: number): Promise<OpenRequest[]> {
    const endMs = Math.min(toMs, this.#state.spilledBelowMs);
    const read: OpenRequest[] = [];
    if (endMs <= Math.max(0, fromMs)) return read;
    let bytes = 0;
    for await (const request of this.#store.requests(fromMs, endMs)) {
      const isOver = bytes > bytesMax && request.timeMs !== read.at(-1)!.timeMs;
      read.push(request);
      if (isOver) break;
      bytes += request.templateBytes;
    }
    return read;
  }

  /** Leaves the oldest to the store when skeletons take too much memory, and those that came behind them. */
  spill(batch: WriteBatch, skeletonBytesMax: number): void {
    const { requests } = this.#join;
    const spilledBelowMs = Math.max(this.#state.spilledBelowMs, requests.timeToShrinkTo(skeletonBytesMax));
    const spilled = requests.removeBelow(spilledBelowMs);
    this.#store.putSpilled(batch, spilled);
    const spilledCount = this.#state.spilledCount + spilled.length;
    this.#state = { ...this.#state, spilledBelowMs, spilledCount };
  }

  /** Removes what is closed from the store, and forgets, here and there, what nobody asks for any more. */
  async expire(batch: WriteBatch): Promise<void> {
    const { firedMs, options } = this.#join;
    const { windowMaxMs, retentionMs } = options.plan;
    const templatesMs = this.#floor(firedMs - windowMaxMs);
    if (templatesMs > this.#state.templatesGoneBelowMs) {
      this.#store.deleteBetween(batch, 'templates', this.#state.templatesGoneBelowMs, templatesMs);
      this.#state = { ...this.#state, templatesGoneBelowMs: templatesMs };
    }
    if (this.#floor(firedMs - retentionMs) <= this.#state.requestsGoneBelowMs) return;
    const requestsMs = await this.#forgetSpilled(batch, this.#floor(firedMs - retentionMs));
    this.#store.deleteBetween(batch, 'requests', this.#state.requestsGoneBelowMs, requestsMs);
    this.#state = { ...this.#state, requestsGoneBelowMs: requestsMs };
    this.#join.forget(requestsMs);
  }

  /** Up to `toMs`, or as far as one step may go: the time it came to. */
  async #forgetSpilled(batch: WriteBatch, toMs: number): Promise<number> {
    const { spilledBelowMs, spilledCount, requestsGoneBelowMs } = this.#state;
    if (spilledCount === 0) return toMs;
    let reachedMs = toMs;
    let forgotten = 0;
    for await (const { servingId, timeMs } of this.#store.requests(
      requestsGoneBelowMs,
      Math.min(toMs, spilledBelowMs),
    )) {
      if (forgotten >= FORGET_SPILLED_MAX && timeMs > requestsGoneBelowMs) {
        reachedMs = timeMs;
        break;
      }
      this.#store.deleteSpilled(batch, servingId);
      forgotten++;
    }
    this.#state = { ...this.#state, spilledCount: spilledCount - forgotten };
    return reachedMs;
  }

  #floor(timeMs: number): number {
    return Math.max(0, Math.floor(timeMs / this.#expiryMs) * this.#expiryMs);
  }
}
