// The audit log: one line for each action of an administrator, done or refused. Its lines are log lines with `audit: true`; they are
// written at every log level.
import type { Logger } from 'pino';

const NAMES_MAX = 16;
const NAME_LENGTH_MAX = 256;

export interface AuditedAction {
  /** Name of the identity; undefined: nobody was asked who calls, or it is not known. */
  readonly who: string | undefined;
  /** Address of the caller. */
  readonly peer: string;
  /** Full name of the RPC, or method and route. */
  readonly action: string;
  /** Names of what it was done to. */
  readonly on: readonly string[];
  /** `OK` or an error code. */
  readonly outcome: string;
  /** Of the caller's span; where it has none, the line has that of the active span. */
  readonly traceId: string | undefined;
}

export class Audit {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log.child({ audit: true });
    // Set afterwards it is its own; as an option it would go with the logger's, where the two are equal now.
    this.#log.level = 'info';
  }

  write({ who, peer, action, on, outcome, traceId }: AuditedAction): void {
    // A caller without any role may name what it likes.
    const names = on.slice(0, NAMES_MAX).map((name) => name.slice(0, NAME_LENGTH_MAX));
    const trace = traceId === undefined ? {} : { trace_id: traceId };
    this.#log.info({ who: who ?? null, peer, action, on: names, outcome, ...trace }, 'audit');
  }
}
