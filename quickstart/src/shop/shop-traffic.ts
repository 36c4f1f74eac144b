// The shop's traffic as records of a replay: visits, and the clicks that follow from how their wares were put in order.
// After so many visits the season changes; what is clicked in each arm is counted from then on.
import { encodeFeatureBlock, u32FromBytes } from '@weir/proto';
import type { RankResponse } from '@weir/proto/v1/predictor';
import type { EventRecord, ReplayRecord, RequestRecord } from '../formats/record.ts';
import { ahead, clickThrough, type Estimate, type Visits } from './click-through.ts';
import { Shop, type Visit, wareFeatures } from './shop.ts';

export interface ShopTrafficOptions {
  readonly seed: number;
  readonly visits: number;
  /** Visits before the season changes. */
  readonly shiftAfter: number;
  /** Of event time; the clock of the shop. */
  readonly visitsPerSecond: number;
  /** Unix ms of the first visit. */
  readonly startMs: number;
}

/** Since the season changed. */
export interface ShopFigures {
  readonly isShifted: boolean;
  /** By the clock of the shop. */
  readonly sinceShiftS: number;
  readonly online: Visits & { readonly clickThrough: Estimate | null };
  readonly frozen: Visits & { readonly clickThrough: Estimate | null };
  /** Of the online arm over the frozen one. */
  readonly ahead: Estimate | null;
  /** From the shift until that interval was above zero for good; null: it is not. */
  readonly aheadAfterS: number | null;
}

/** The layer of the predictor's experiment, and its arms. */
const LAYER = 'model';
type Arm = 'online' | 'frozen';

export class ShopTraffic {
  readonly #options: ShopTrafficOptions;
  readonly #shop: Shop;
  readonly #clicks: Pick<EventRecord, 'servingId' | 'user' | 'docId'>[] = [];
  readonly #open = new Map<string, Visit>();
  readonly #counts: Record<Arm, { visits: number; clicks: number }> = {
    online: { visits: 0, clicks: 0 },
    frozen: { visits: 0, clicks: 0 },
  };
  #asked = 0;
  #aheadAfterS: number | null = null;
  #allAnswered: (() => void) | undefined;

  constructor(options: ShopTrafficOptions) {
    this.#options = options;
    this.#shop = new Shop(options.seed);
  }

  /** In order of time: a click comes with the next visit after the answer. */
  async *records(): AsyncGenerator<ReplayRecord, void, undefined> {
    for (let number = 0; number < this.#options.visits; number++) {
      const visit = this.#shop.visit(number);
      const timeMs = this.#timeMs(number);
      const request = requestOf(visit, timeMs);
      this.#asked = number + 1;
      this.#open.set(request.servingId, visit);
      yield request;
      yield* this.#takeClicks(timeMs);
    }
    while (this.#open.size > 0) {
      await new Promise<void>((resolve) => {
        this.#allAnswered = resolve;
      });
    }
    yield* this.#takeClicks(this.#timeMs(this.#options.visits));
  }

  /** The predictor's answer: the shopper sees the wares in its order. */
  answered({ servingId }: RequestRecord, { order, experimentBuckets }: RankResponse): void {
    const visit = this.#open.get(servingId);
    if (visit === undefined) return;
    this.#open.delete(servingId);
    const isShifted = visit.number >= this.#options.shiftAfter;
    const chosen = this.#shop.choose(visit, u32FromBytes(order), isShifted ? 'summer' : 'winter');
    if (chosen !== undefined) this.#clicks.push({ servingId, user: visit.user, docId: chosen });
    const arm = experimentBuckets[LAYER] as Arm | undefined;
    if (isShifted && arm !== undefined) this.#count(this.#counts[arm], chosen !== undefined);
    if (this.#open.size === 0) this.#allAnswered?.();
  }

  figures(): ShopFigures {
    const { online, frozen } = this.#counts;
    return {
      isShifted: this.#asked > this.#options.shiftAfter,
      sinceShiftS: this.#sinceShiftS,
      online: { ...online, clickThrough: clickThrough(online) },
      frozen: { ...frozen, clickThrough: clickThrough(frozen) },
      ahead: ahead(online, frozen),
      aheadAfterS: this.#aheadAfterS,
    };
  }

  #takeClicks(timeMs: number): EventRecord[] {
    return this.#clicks.splice(0).map((click) => ({
      ...click,
      kind: 'event',
      timeMs,
      eventId: `${click.servingId}-click`,
      type: 'click',
      value: 1,
    }));
  }

  get #sinceShiftS(): number {
    const { shiftAfter, visitsPerSecond } = this.#options;
    return Math.max(0, this.#asked - shiftAfter) / visitsPerSecond;
  }

  #count(arm: { visits: number; clicks: number }, isClicked: boolean): void {
    arm.visits++;
    if (isClicked) arm.clicks++;
    const isAhead = (ahead(this.#counts.online, this.#counts.frozen)?.low ?? 0) > 0;
    this.#aheadAfterS = isAhead ? (this.#aheadAfterS ?? this.#sinceShiftS) : null;
  }

  #timeMs(number: number): number {
    return this.#options.startMs + Math.round((number * 1000) / this.#options.visitsPerSecond);
  }
}

function requestOf({ number, user, kind, wares }: Visit, timeMs: number): RequestRecord {
  const docs = wares.map((ware) => ({ features: wareFeatures(ware, kind) }));
  return {
    kind: 'request',
    timeMs,
    servingId: `visit-${number}`,
    user,
    scene: 'shop',
    docIds: wares,
    features: encodeFeatureBlock({ context: { kind }, docs }),
  };
}
