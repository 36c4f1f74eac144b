// How far this member of a group is, and when it may go on. Pure: what is told and heard is passed in and out. Holds:
// - A window is begun only while at most so many were begun beyond the slowest clock heard of, one's own included. Clocks
//   count acknowledged windows and never fall, and what was heard is never more than what is.
// - Who has rested begins at a clock that the shard gives, not below the slowest: nobody waits for windows that it missed.
import { type MemberClock, MemberPace } from '@weir/proto/v1/groups';

/** Of what the shard answers. */
export interface Heard {
  readonly slowest?: number | undefined;
  readonly clock?: number | undefined;
}

/** When a clock is to be told: at once, soon (with others of its kind), or with the next renewal. */
export type Urgency = 'now' | 'soon' | 'later';

export class PaceClock {
  /** Nothing is told while it is unspecified: nobody waits for a member without a clock. */
  #pace: MemberPace = MemberPace.UNSPECIFIED;
  #resting = true;
  #begun = 0;
  #ended = 0;
  #slowest = 0;
  #aheadMax = 0;
  #reports = 0;
  #told = { windows: -1, pace: this.#pace };

  /** Windows ended, and those that the others ended while it rested. */
  get clock(): number {
    return this.#ended;
  }

  get works(): boolean {
    return this.#pace === MemberPace.WORKS;
  }

  /** The smallest clock heard of. */
  get slowest(): number {
    return Math.min(this.#slowest, this.#ended);
  }

  /** Windows begun beyond it. */
  get ahead(): number {
    return this.#begun - this.slowest;
  }

  get mayBegin(): boolean {
    return this.works && this.ahead <= this.#aheadMax;
  }

  get urgency(): Urgency {
    if (this.#pace === MemberPace.UNSPECIFIED) return 'later';
    if (this.#pace !== this.#told.pace) return 'now';
    if (this.#pace === MemberPace.BEGINS) return 'soon';
    const news = this.#ended - this.#told.windows;
    if (this.#pace === MemberPace.IDLE || news <= 0) return 'later';
    return news > this.#aheadMax / 2 ? 'now' : 'soon';
  }

  /** There is a window to begin, at most so many ahead of the slowest. */
  want(aheadMax: number): void {
    this.#aheadMax = aheadMax;
    this.#resting = false;
    if (!this.works) this.#pace = MemberPace.BEGINS;
  }

  begin(): void {
    this.#begun++;
  }

  end(): void {
    this.#ended++;
    this.#settle();
  }

  /** There is no window to begin; those begun still count until they end. */
  rest(): void {
    this.#resting = true;
    this.#settle();
  }

  /** The shard may have forgotten: all is told anew. */
  forget(): void {
    this.#told = { windows: -1, pace: MemberPace.UNSPECIFIED };
  }

  report(): MemberClock | undefined {
    if (this.#pace === MemberPace.UNSPECIFIED) return undefined;
    this.#told = { windows: this.#ended, pace: this.#pace };
    return { report: ++this.#reports, windows: this.#ended, pace: this.#pace };
  }

  /** @param answered the report that this is the answer to, if it is one. */
  heard({ slowest, clock }: Heard, answered?: MemberClock): void {
    if (slowest !== undefined && slowest > this.#slowest) this.#slowest = slowest;
    if (this.works) return;
    this.#ended = this.#begun = Math.max(this.#ended, this.#slowest);
    if (this.#pace !== MemberPace.BEGINS || answered?.pace !== MemberPace.BEGINS || clock === undefined)
      return;
    this.#ended = this.#begun = Math.max(this.#ended, clock);
    this.#pace = MemberPace.WORKS;
    this.#settle();
  }

  #settle(): void {
    if (!this.#resting || this.#begun > this.#ended) return;
    if (this.#pace !== MemberPace.UNSPECIFIED) this.#pace = MemberPace.IDLE;
  }
}
