// Work under a span of its own, marked once if it fails.
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { WeirError } from '@weir/proto';

/** @param run is given what names the span, where that is known only later */
export async function inSpan<T>(
  name: string,
  run: (named: (name: string) => void) => Promise<T>,
): Promise<T> {
  return await trace.getTracer('weir').startActiveSpan(name, async (span) => {
    try {
      return await run((known) => void span.updateName(known));
    } catch (error) {
      span.setAttribute('error.type', WeirError.from(error).code);
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}
