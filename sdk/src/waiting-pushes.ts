// Pushes of one lane that have no number, in order of arrival, and which of them go next as one record.
import { FRAME_BYTES } from '@weir/proto';
import type { LanePush } from './lane-push.ts';

/** Empty places, before or between, above which the array is closed up. */
const EMPTY_MAX = 1_024;

export class WaitingPushes {
  #places: (LanePush | undefined)[] = [];
  /** `place` of the first of them. */
  #base = 0;
  /** All before it are empty. */
  #head = 0;
  #length = 0;
  #bytes = 0;

  get length(): number {
    return this.#length;
  }

  /** Keys and values of all of them. */
  get bytes(): number {
    return this.#bytes;
  }

  get first(): LanePush | undefined {
    if (this.#length === 0) return undefined;
    while (this.#places[this.#head] === undefined) this.#head++;
    return this.#places[this.#head];
  }

  add(push: LanePush): void {
    push.place = this.#base + this.#places.length;
    this.#places.push(push);
    this.#length++;
    this.#bytes += push.push.bytes;
  }

  /** Before all others, in the order given. */
  putBack(pushes: readonly LanePush[]): void {
    const later = this.#places.slice(this.#head);
    this.#places = [];
    this.#head = 0;
    for (const push of pushes) this.add(push);
    for (const push of later) {
      if (push !== undefined) push.place = this.#base + this.#places.length;
      this.#places.push(push);
    }
  }

  /** @param push one that waits here. */
  remove(push: LanePush): void {
    this.#places[push.place - this.#base] = undefined;
    this.#length--;
    this.#bytes -= push.push.bytes;
    if (this.#places.length > EMPTY_MAX && this.#places.length > 2 * this.#length) this.#closeUp();
  }

  /**
   * The next record: the first push and those behind it that may join, in order, while together they have at most
   * `rowsMax` rows and `bytesMax` bytes, and fit one frame.
   */
  next(rowsMax: number, bytesMax: number): NextPushes {
    const { first } = this;
    if (first === undefined) return { pushes: [], growable: false };
    const pushes = [first];
    let { rows, bytes } = first.push;
    const bytesLimit = Math.min(bytesMax, FRAME_BYTES);
    const room = (): boolean => !first.alone && rows < rowsMax && bytes < bytesLimit;
    for (let i = this.#head + 1; i < this.#places.length && room(); i++) {
      const push = this.#places[i];
      if (push === undefined) continue;
      rows += push.push.rows;
      bytes += push.push.bytes;
      const joins = push.push.epoch === first.push.epoch && !push.alone;
      if (!joins || rows > rowsMax || bytes > bytesLimit) return { pushes, growable: false };
      pushes.push(push);
    }
    return { pushes, growable: room() };
  }

  /** Takes all. */
  clear(): LanePush[] {
    const all = this.#places.filter((push) => push !== undefined);
    this.#places = [];
    this.#head = 0;
    this.#length = 0;
    this.#bytes = 0;
    return all;
  }

  #closeUp(): void {
    const all = this.clear();
    for (const push of all) this.add(push);
  }
}

export interface NextPushes {
  readonly pushes: readonly LanePush[];
  /** Whether another push, should it come, could still join. */
  readonly growable: boolean;
}
