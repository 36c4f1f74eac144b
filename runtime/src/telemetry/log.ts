// Structured logs: JSON lines on stderr, so that stdout stays for results.
import { isSpanContextValid, trace } from '@opentelemetry/api';
import { type Logger, pino } from 'pino';

/** What is redacted wherever it stands in a line's fields. */
const SECRETS = ['token', 'password', 'secret', 'authorization'];

/**
 * Written synchronously: the last line before an exit is never lost.
 * @param onLine is told each line, after it was written
 */
export function createLogger(
  service: string,
  level: string,
  id?: string,
  onLine?: (line: string) => void,
): Logger {
  const stderr = pino.destination({ dest: 2, sync: true });
  const destination = {
    write(line: string): void {
      stderr.write(line);
      onLine?.(line);
    },
    flushSync: () => stderr.flushSync(),
  };
  return pino(
    {
      level,
      base: { service, ...(id !== undefined && { id }), pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: '(redacted)' },
      mixin: traceIds,
    },
    onLine === undefined ? stderr : destination,
  );
}

/** Of the span that is active; nothing without one. */
function traceIds(): object {
  const span = trace.getActiveSpan()?.spanContext();
  if (span === undefined || !isSpanContextValid(span)) return {};
  return { trace_id: span.traceId, span_id: span.spanId };
}
