// Log lines as OTLP's log records: what stands on stderr, and nothing else, so that what is redacted there is here too.
import { type Attributes, logs, SeverityNumber } from '@opentelemetry/api';

const SEVERITIES: Readonly<Record<string, SeverityNumber>> = {
  trace: SeverityNumber.TRACE,
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  fatal: SeverityNumber.FATAL,
};

/** What the resource, or the record itself, says already. */
const SAID_ELSEWHERE = new Set([
  'level',
  'time',
  'msg',
  'err',
  'service',
  'id',
  'pid',
  'trace_id',
  'span_id',
]);

/** Sends a line that was just logged; the span that is active is its record's. */
export function emitLogLine(line: string): void {
  const fields = JSON.parse(line) as Record<string, unknown>;
  const level = String(fields.level);
  logs.getLogger('weir').emit({
    timestamp: new Date(String(fields.time)),
    severityNumber: SEVERITIES[level] ?? SeverityNumber.UNSPECIFIED,
    severityText: level,
    body: String(fields.msg ?? ''),
    attributes: { ...attributesOf(fields), ...exceptionOf(fields.err) },
  });
}

function attributesOf(fields: Record<string, unknown>): Attributes {
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(fields)) {
    if (SAID_ELSEWHERE.has(name) || value === null) continue;
    attributes[name] =
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? value
        : JSON.stringify(value);
  }
  return attributes;
}

/** As pino writes errors. */
function exceptionOf(error: unknown): Attributes {
  if (typeof error !== 'object' || error === null) return {};
  const { type, message, stack } = error as Record<string, unknown>;
  return {
    'exception.type': String(type ?? 'Error'),
    'exception.message': String(message ?? ''),
    ...(stack !== undefined && { 'exception.stacktrace': String(stack) }),
  };
}
