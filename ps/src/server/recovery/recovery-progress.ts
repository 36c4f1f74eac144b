// How far a shard's recovery is: for /readyz, the admin route /recovery, metrics and the log. Plain numbers, which the
// stages write as they go.

export type RecoveryStage = 'opening the folder' | 'loading pages' | 'replaying the log' | 'recovered';

const MIB = 1024 * 1024;

export class RecoveryProgress {
  pages = 0;
  pageBytes = 0;
  pagesTotal = 0;
  records = 0;
  recordsTotal = 0;
  logBytes = 0;
  /** Rows of pushes in the log. */
  rows = 0;
  #stage: RecoveryStage = 'opening the folder';
  #stageBegun = performance.now();
  readonly #seconds = new Map<RecoveryStage, number>();

  get stage(): RecoveryStage {
    return this.#stage;
  }

  enter(stage: RecoveryStage): void {
    this.#seconds.set(this.#stage, this.#stageSeconds());
    this.#stage = stage;
    this.#stageBegun = performance.now();
  }

  /** Seconds that a stage took, or has taken so far. */
  secondsOf(stage: RecoveryStage): number {
    return this.#seconds.get(stage) ?? (stage === this.#stage ? this.#stageSeconds() : 0);
  }

  /** What it is doing, for people: `loading pages: 5000 of 23000, 312 MiB; about 4 s left`. */
  text(): string {
    const left = this.#secondsLeft();
    const eta = left === undefined ? '' : `; about ${Math.ceil(left)} s left`;
    switch (this.#stage) {
      case 'loading pages':
        return `loading pages: ${this.pages} of ${this.pagesTotal}, ${mebibytes(this.pageBytes)} MiB${eta}`;
      case 'replaying the log':
        return `replaying the log: ${this.records} of ${this.recordsTotal} records, ${mebibytes(this.logBytes)} MiB${eta}`;
      default:
        return this.#stage;
    }
  }

  json(): Readonly<Record<string, string | number>> {
    const left = this.#secondsLeft();
    return {
      stage: this.#stage,
      pages: this.pages,
      pages_total: this.pagesTotal,
      page_bytes: this.pageBytes,
      records: this.records,
      records_total: this.recordsTotal,
      log_bytes: this.logBytes,
      log_rows: this.rows,
      open_s: rounded(this.secondsOf('opening the folder')),
      pages_s: rounded(this.secondsOf('loading pages')),
      log_s: rounded(this.secondsOf('replaying the log')),
      ...(left !== undefined && { stage_left_s: rounded(left) }),
    };
  }

  /** Of this stage; undefined until it can be told. */
  #secondsLeft(): number | undefined {
    const [done, total] =
      this.#stage === 'loading pages'
        ? [this.pages, this.pagesTotal]
        : this.#stage === 'replaying the log'
          ? [this.records, this.recordsTotal]
          : [0, 0];
    if (done === 0 || done >= total) return undefined;
    return (this.#stageSeconds() * (total - done)) / done;
  }

  #stageSeconds(): number {
    return (performance.now() - this.#stageBegun) / 1000;
  }
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / MIB);
}

function rounded(seconds: number): number {
  return Number(seconds.toFixed(3));
}
