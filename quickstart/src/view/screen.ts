// Draws a frame over the one before, without clearing the screen or leaving it behind.
import type { WriteStream } from 'node:tty';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_TO_END = '\u001b[J';
const CLEAR_LINE = '\u001b[K';
/** Of a terminal that does not say: a pseudo-terminal that nobody has sized reports 0 x 0. */
const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;

export class Screen implements Disposable {
  readonly #terminal: WriteStream;
  #drawn = 0;

  constructor(terminal: WriteStream) {
    this.#terminal = terminal;
    terminal.write(HIDE_CURSOR);
  }

  get columns(): number {
    return this.#terminal.columns || COLUMNS_DEFAULT;
  }

  draw(frame: readonly string[]): void {
    // What scrolled away could not be drawn over.
    const rows = this.#terminal.rows || ROWS_DEFAULT;
    const lines = frame.slice(0, Math.max(1, rows - 1));
    this.#terminal.write(
      `${this.#back()}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_TO_END}`,
    );
    this.#drawn = lines.length;
  }

  /** The frame goes; lines that stay are written in its place. */
  print(text: string): void {
    this.#terminal.write(`${this.#back()}${CLEAR_TO_END}${text}\n`);
    this.#drawn = 0;
  }

  [Symbol.dispose](): void {
    this.#terminal.write(SHOW_CURSOR);
  }

  #back(): string {
    return this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A\r`;
  }
}
