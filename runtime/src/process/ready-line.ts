// The one line on stdout by which a service says that it is ready, and where.

export interface ReadyLine {
  readonly service: string;
  /** What the service calls itself (`--id`); empty if it has no id. */
  readonly id: string;
  readonly listen: string;
  readonly admin: string;
  /** From the process's start. */
  readonly ready_ms: number;
}

/** Undefined if the line is something else. */
export function parseReadyLine(line: string): ReadyLine | undefined {
  if (!line.startsWith('{"service":')) return undefined;
  try {
    const value = JSON.parse(line) as Partial<ReadyLine>;
    return typeof value.listen === 'string' && typeof value.admin === 'string'
      ? (value as ReadyLine)
      : undefined;
  } catch {
    return undefined;
  }
}
