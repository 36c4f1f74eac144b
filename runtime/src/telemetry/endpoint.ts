// The setting that switches telemetry on.
import { z } from 'zod';

/** A URL without user or password: those would stand in settings that are printed, and on command lines. */
export function telemetryEndpoint(): z.ZodString {
  return z
    .string()
    .refine(isEndpoint, {
      error: (issue) =>
        `"${withoutSecret(String(issue.input))}" is no URL as http://HOST:4318 (put credentials into OTEL_EXPORTER_OTLP_HEADERS)`,
    })
    .meta({ placeholder: 'URL' });
}

function isEndpoint(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false;
  return url.username === '' && url.password === '';
}

function withoutSecret(text: string): string {
  return text.replace(/\/\/[^@/]*@/, '//...@');
}
