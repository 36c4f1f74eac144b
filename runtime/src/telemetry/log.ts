// Structured logs: JSON lines on stderr, so that stdout stays for results.
import { type Logger, pino } from 'pino';

/** Written synchronously: the last line before an exit is never lost. */
export function createLogger(service: string, level: string, id?: string): Logger {
  return pino(
    {
      level,
      base: { service, ...(id !== undefined && { id }), pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
