// Memory is not real before its first use, and each first use of 4 KiB is an exception that the operating system
// answers: for a large table that takes as long as everything else of a load. Here other threads have these exceptions
// ahead of the loader: those of Node's file system, who read zeros into memory that holds zeros.
//
// What always holds: nothing is read into memory that `reach` has given to the loader.
import { type FileHandle, open } from 'node:fs/promises';

const ZEROS = '/dev/zero';
const STEP_BYTES = 2 * 1024 * 1024;
/** So far ahead of the loader; more would push what was touched out of the processor's cache. */
const AHEAD_BYTES = 8 * STEP_BYTES;

const EMPTY = new Uint8Array(0);

export class MemoryToucher {
  readonly #zeros: FileHandle | undefined;
  #area: Uint8Array = EMPTY;
  /** Where the loader is. */
  #reached = 0;
  /** Where the next step begins, and where the one under way does. */
  #next = 0;
  #under: number | undefined;
  #step: Promise<void> | undefined;

  private constructor(zeros: FileHandle | undefined) {
    this.#zeros = zeros;
  }

  /** Where the system has no endless zeros, it touches nothing. */
  static async open(): Promise<MemoryToucher> {
    return new MemoryToucher(await open(ZEROS, 'r').catch(() => undefined));
  }

  /** Begins with another area: zeros that nobody else writes, and whose memory stays where it is. */
  async begin(area: Uint8Array): Promise<void> {
    this.#area = EMPTY;
    await this.#step;
    this.#area = area;
    this.#reached = 0;
    this.#next = 0;
    this.#goOn();
  }

  /** The loader is about to write the area up to `end`. Undefined: it may, at once. */
  reach(end: number): Promise<void> | undefined {
    this.#reached = end;
    // What it has not come to by now, the loader touches itself.
    if (this.#next < end) this.#next = end + (-end & (STEP_BYTES - 1));
    this.#goOn();
    return this.#under !== undefined && this.#under < end ? this.#step : undefined;
  }

  async close(): Promise<void> {
    this.#area = EMPTY;
    await this.#step;
    await this.#zeros?.close();
  }

  #goOn(): void {
    if (this.#step !== undefined || this.#zeros === undefined) return;
    if (this.#next >= this.#area.length || this.#next > this.#reached + AHEAD_BYTES) return;
    const from = this.#next;
    this.#under = from;
    this.#next += STEP_BYTES;
    // A failure costs nothing but time: the loader touches the memory itself.
    const done = () => {
      this.#step = undefined;
      this.#under = undefined;
      this.#goOn();
    };
    const length = Math.min(STEP_BYTES, this.#area.length - from);
    this.#step = this.#zeros.read(this.#area, from, length, null).then(done, done);
  }
}
