// How far the members of a group are, so that none runs far ahead of the slowest. In memory only: after a restart a member
// is unknown until it has told its clock again. What always holds:
// - While some member is unknown there is no slowest; else it is the smallest clock of those that work.
// - The slowest never falls: who begins to work does so at the clock of the slowest, or of the farthest when nobody works.
// - A member counts until its end is durable: a restart must not bring back one that the others have left behind.
import type { Identity } from './group-state.ts';

export type Pace = 'idle' | 'begins' | 'works';

export interface ClockReport {
  /** Rises with each report of the member; older ones are passed over. */
  readonly report: number;
  readonly windows: number;
  readonly pace: Pace;
}

interface Clock {
  report: number;
  windows: number;
  working: boolean;
  /** Does not know of it since the restart. */
  unknown: boolean;
  /** The version in which it is no member any more. */
  goneIn: number;
}

export class GroupClocks {
  /** By incarnation. */
  readonly #clocks = new Map<string, Clock>();
  #farthest = 0;

  /** @param restored members as they were stored. */
  constructor(restored: readonly Identity[]) {
    for (const { incarnation } of restored) this.#add(incarnation, true);
  }

  /** The smallest clock of those that work; undefined when nobody does, or when not all clocks are known. */
  get slowest(): number | undefined {
    let slowest: number | undefined;
    for (const { unknown, working, windows } of this.#clocks.values()) {
      if (unknown) return undefined;
      if (working && (slowest === undefined || windows < slowest)) slowest = windows;
    }
    return slowest;
  }

  /** Between the largest and the smallest clock of those that work; 0 when fewer than two do. */
  get spread(): number {
    const working = [...this.#clocks.values()].filter((clock) => clock.working && !clock.unknown);
    if (working.length < 2) return 0;
    const windows = working.map((clock) => clock.windows);
    return Math.max(...windows) - Math.min(...windows);
  }

  /** As it was told last. */
  of(incarnation: string): ClockReport | undefined {
    const clock = this.#clocks.get(incarnation);
    if (clock === undefined || clock.report === 0) return undefined;
    const { report, windows, working } = clock;
    return { report, windows, pace: working ? 'works' : 'idle' };
  }

  /** The membership of this version has these members. */
  changed(members: readonly Identity[], version: number): void {
    const current = new Set(members.map(({ incarnation }) => incarnation));
    for (const [incarnation, clock] of this.#clocks) {
      if (!current.has(incarnation)) clock.goneIn = Math.min(clock.goneIn, version);
    }
    for (const incarnation of current) if (!this.#clocks.has(incarnation)) this.#add(incarnation, false);
  }

  persisted(version: number): void {
    for (const [incarnation, { goneIn }] of this.#clocks) {
      if (goneIn <= version) this.#clocks.delete(incarnation);
    }
  }

  /**
   * @param report undefined: the member keeps no clock.
   * @returns its clock; undefined while it may not begin.
   */
  report({ incarnation }: Identity, report: ClockReport | undefined): number | undefined {
    const clock = this.#clocks.get(incarnation);
    if (clock === undefined) return undefined;
    if (report === undefined) {
      clock.unknown = false;
    } else if (report.report > clock.report) {
      clock.report = report.report;
      clock.windows = Math.max(clock.windows, report.windows);
      const wasUnknown = clock.unknown;
      clock.unknown = false;
      // Of one that worked before the restart the others have heard; any other one begins.
      if (report.pace === 'idle') clock.working = false;
      else if (report.pace === 'works' && wasUnknown) clock.working = true;
      else if (!clock.working) this.#begin(clock);
      this.#farthest = Math.max(this.#farthest, clock.windows);
    }
    return clock.working ? clock.windows : undefined;
  }

  #begin(clock: Clock): void {
    for (const { unknown } of this.#clocks.values()) if (unknown) return;
    clock.windows = Math.max(clock.windows, this.slowest ?? this.#farthest);
    clock.working = true;
  }

  #add(incarnation: string, unknown: boolean): void {
    const goneIn = Number.POSITIVE_INFINITY;
    this.#clocks.set(incarnation, { report: 0, windows: 0, working: false, unknown, goneIn });
  }
}
