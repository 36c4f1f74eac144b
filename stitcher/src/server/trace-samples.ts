// The spans of sample records whose request or behaviour is traced: below what brought the features, with links to what
// brought the behaviour. A record carries its span's context on, in its headers.
import {
  batchSpan,
  messagingAttributes,
  type Span,
  TraceSample,
  traceHeaders,
  traceParentOf,
} from '@weir/proto';
import type { OutputRecord } from '../core/join-step.ts';

export interface TracedSamples {
  readonly records: readonly OutputRecord[];
  /** The step stands. */
  end(): void;
}

export function traceSamples(samples: readonly OutputRecord[], partition: number): TracedSamples {
  if (samples.every(({ traces }) => traces === undefined)) return { records: samples, end() {} };
  const spans: Span[] = [];
  const records = samples.map((record): OutputRecord => {
    const inputs = new TraceSample();
    for (const text of record.traces ?? []) inputs.add(traceParentOf(text));
    const span = batchSpan('stitch', inputs.contexts, {
      kind: 'CONSUMER',
      attributes: messagingAttributes('features', { name: 'stitch', type: 'process' }, partition),
    });
    if (span === undefined) return record;
    spans.push(span);
    return { value: record.value!, headers: traceHeaders(span.spanContext()) };
  });
  return {
    records,
    end() {
      for (const span of spans) span.end();
    },
  };
}
