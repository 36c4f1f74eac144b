// What happens to lines that cannot be used: counted, the first ones reported, or the end under `--strict`.
import { WeirError } from '@weir/proto';
import { BAD_LINES_REPORTED } from '../limits.ts';

export class BadLines {
  readonly #input: string;
  readonly #strict: boolean;
  readonly #report: (message: string) => void;
  #count = 0;

  /** @param report receives one message a line. */
  constructor(input: string, strict: boolean, report: (message: string) => void) {
    this.#input = input;
    this.#strict = strict;
    this.#report = report;
  }

  get count(): number {
    return this.#count;
  }

  /** @throws WeirError INVALID_ARGUMENT naming the line, when strict. */
  add(line: number, reason: string): void {
    this.#count++;
    const message = `${this.#input}: line ${line}: ${reason}`;
    if (this.#strict) throw new WeirError('INVALID_ARGUMENT', `${message} (stopped by --strict)`);
    if (this.#count <= BAD_LINES_REPORTED) this.#report(`${message}; skipped`);
    if (this.#count === BAD_LINES_REPORTED)
      this.#report(`${this.#input}: further bad lines are only counted`);
  }
}
