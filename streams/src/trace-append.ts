// Whose trace an append belongs to: that of the sampled callers that its records name in their headers, or else its
// caller's, whose context the records get then. Unsampled, records and calls are what they would be without tracing.
import {
  childSpan,
  messagingAttributes,
  type SpanContext,
  sampledIn,
  sampledNow,
  TraceSample,
  traceHeaders,
} from '@weir/proto';
import type { AppendRecord, AppendResult } from './streams-client.ts';

const NONE: readonly SpanContext[] = [];

/** @param append is given the records as they go out, and for whom. */
export async function tracedAppend(
  stream: string,
  partition: number,
  records: readonly AppendRecord[],
  append: (records: readonly AppendRecord[], callers: readonly SpanContext[]) => Promise<AppendResult>,
): Promise<AppendResult> {
  const named = namedCallers(records);
  if (named.length > 0) return append(records, named);
  const caller = sampledNow();
  if (caller === undefined) return append(records, NONE);
  const span = childSpan(`append ${stream}`, caller, {
    kind: 'PRODUCER',
    attributes: {
      ...messagingAttributes(stream, { name: 'append', type: 'send' }, partition),
      'messaging.batch.message_count': records.length,
    },
  });
  const own = span.spanContext();
  const headers = traceHeaders(own);
  try {
    const traced = records.map((record) =>
      record.value === undefined ? record : { ...record, headers: { ...record.headers, ...headers } },
    );
    return await append(traced, [own]);
  } finally {
    span.end();
  }
}

function namedCallers(records: readonly AppendRecord[]): readonly SpanContext[] {
  let sample: TraceSample | undefined;
  for (const { headers } of records) {
    const context = headers && sampledIn(headers);
    if (context === undefined) continue;
    sample ??= new TraceSample();
    sample.add(context);
  }
  return sample?.contexts ?? NONE;
}
