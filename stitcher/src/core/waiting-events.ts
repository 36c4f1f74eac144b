// Events that came before features that they can see. They wait in memory until the watermark passes their time;
// how many bytes may wait is the caller's business (it stops reading behaviour).
import type { PendingEvent } from './pending-event.ts';

/** What a waiting event takes beside its bytes: decoded fields, list entries. */
const OVERHEAD_BYTES = 400;

export class WaitingEvents {
  readonly #byServingId = new Map<string, PendingEvent[]>();
  /** By (time, offset); what stands before `#head` is gone. */
  #order: PendingEvent[] = [];
  #head = 0;
  readonly #gone = new Set<PendingEvent>();
  #bytes = 0;

  get count(): number {
    return this.#order.length - this.#head - this.#gone.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(pending: PendingEvent): void {
    const list = this.#byServingId.get(pending.event.servingId);
    if (list === undefined) this.#byServingId.set(pending.event.servingId, [pending]);
    else list.push(pending);
    this.#bytes += pending.value.length + OVERHEAD_BYTES;
    let at = this.#order.length;
    while (at > this.#head && isAfter(this.#order[at - 1]!, pending)) at--;
    if (at === this.#order.length) this.#order.push(pending);
    else this.#order.splice(at, 0, pending);
  }

  /** Takes out the events of a serving id that pass the test, in order of their offsets. */
  take(servingId: string, test: (pending: PendingEvent) => boolean): PendingEvent[] {
    const list = this.#byServingId.get(servingId);
    if (list === undefined) return [];
    const taken = list.filter(test);
    if (taken.length === 0) return taken;
    this.#keep(
      servingId,
      list.filter((pending) => !test(pending)),
    );
    for (const pending of taken) {
      this.#gone.add(pending);
      this.#bytes -= pending.value.length + OVERHEAD_BYTES;
    }
    return taken;
  }

  /** Takes out all events of times below this, by (time, offset). */
  takeBelow(timeMs: number): PendingEvent[] {
    const taken: PendingEvent[] = [];
    while (this.#head < this.#order.length) {
      const pending = this.#order[this.#head]!;
      const isGone = this.#gone.has(pending);
      if (!isGone && pending.timeMs >= timeMs) break;
      this.#head++;
      if (isGone) {
        this.#gone.delete(pending);
        continue;
      }
      taken.push(pending);
      this.#bytes -= pending.value.length + OVERHEAD_BYTES;
    }
    const isTaken = new Set(taken);
    for (const servingId of new Set(taken.map((pending) => pending.event.servingId))) {
      const list = this.#byServingId.get(servingId)!;
      this.#keep(
        servingId,
        list.filter((pending) => !isTaken.has(pending)),
      );
    }
    if (this.#head > 1024 && this.#head * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  #keep(servingId: string, list: PendingEvent[]): void {
    if (list.length === 0) this.#byServingId.delete(servingId);
    else this.#byServingId.set(servingId, list);
  }
}

function isAfter(a: PendingEvent, b: PendingEvent): boolean {
  return a.timeMs > b.timeMs || (a.timeMs === b.timeMs && a.offset > b.offset);
}
