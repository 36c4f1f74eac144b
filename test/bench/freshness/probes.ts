// Clicked documents, and the rank requests that look for the effect of the click. A document has a feature of its own and
// is shown in one request only, so two things ever change its row: that it was not clicked at first, and then its click.
// The looking is one request under one serving id, repeated: the stitcher takes all but the first for repeats, so
// looking teaches the model nothing. It also ranks a document without features, whose score is the bias alone: the
// difference of the two logits is the document's row.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Load, probeId } from './load.ts';
import { PROBE_FEATURE } from './watch.ts';

/** Between the end of one pause and the next look at the earliest; what it was in fact is said with the figures. */
export const LOOK_INTERVAL_MS = 10;
const LOOKS_IN_FLIGHT_MAX = 16;
/** Far below what a click changes (some 0.05), far above what the rounding of two scores does. */
const CHANGE_MIN = 1e-4;
const LOST_AFTER_MS = 20_000;
const LOOK_ID = 'look';

interface Probe {
  readonly servingId: string;
  readonly shownMs: number;
  /** What its row held at the latest look that showed it changed. */
  row: number;
  clicked: boolean;
}

export class Probes {
  readonly #waiting = new Map<number, Probe>();
  /** When a look with the click's effect was answered, Unix ms, by probe. */
  readonly seenMs = new Map<number, number>();
  looks = 0;

  shown(probe: number, servingId: string): void {
    this.#waiting.set(probe, { servingId, shownMs: Date.now(), row: 0, clicked: false });
  }

  /** Looks until the signal aborts. @throws when a call fails or a click has no effect. */
  async run(load: Load, signal: AbortSignal): Promise<void> {
    const startMs = Date.now();
    await load.rank(LOOK_ID, startMs, 'looker', [REFERENCE]);
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {});
    let inFlight = 0;
    while (!signal.aborted) {
      if (inFlight < LOOKS_IN_FLIGHT_MAX && this.#waiting.size > 0) {
        inFlight++;
        this.#look(load, startMs).then(() => inFlight--, failed.reject);
      }
      await Promise.race([sleep(LOOK_INTERVAL_MS), failed.promise]);
    }
    while (inFlight > 0) await Promise.race([sleep(LOOK_INTERVAL_MS), failed.promise]);
  }

  async #look(load: Load, timeMs: number): Promise<void> {
    const looked = [...this.#waiting];
    const docs = looked.map(([probe]) => ({
      id: probeId(probe),
      features: { [PROBE_FEATURE]: String(probe) },
    }));
    const scores = await load.rank(LOOK_ID, timeMs, 'looker', [REFERENCE, ...docs]);
    this.looks++;
    const nowMs = Date.now();
    const bias = logit(scores[0]!);
    for (const [i, [number, probe]] of looked.entries()) {
      const row = logit(scores[i + 1]!) - bias;
      if (!probe.clicked && row < -CHANGE_MIN) {
        probe.clicked = true;
        probe.row = row;
        await load.click({ servingId: probe.servingId, user: 'looker', docId: probeId(number) });
      } else if (probe.clicked && row > probe.row + CHANGE_MIN) {
        // Of two looks that saw it, the first one counts.
        if (this.#waiting.delete(number)) this.seenMs.set(number, nowMs);
      } else if (nowMs - probe.shownMs > LOST_AFTER_MS) {
        throw new Error(
          `${probeId(number)} ${probe.clicked ? 'was clicked' : 'was shown'}, and no rank showed it`,
        );
      }
    }
  }
}

const REFERENCE = { id: 'reference', features: {} };

function logit(probability: number): number {
  return Math.log(probability / (1 - probability));
}
