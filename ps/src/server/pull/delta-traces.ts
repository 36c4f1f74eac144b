// The spans of a delta that carries rows changed by sampled pushes: one for each of these, in its own trace.
import {
  bytesOf,
  childSpan,
  messagingAttributes,
  type PackedKeys,
  type Span,
  traceParentBytes,
} from '@weir/proto';
import type { TracedChange } from '@weir/proto/v1/parameter_server';
import type { TracedPush } from '../tables/traced-changes.ts';

export interface DeltaTraces {
  readonly messages: TracedChange[];
  /** The delta is sent. */
  end(): void;
}

export const NO_DELTA_TRACES: DeltaTraces = { messages: [], end() {} };

/** @param wanted the keys that the subscriber follows, of those given. */
export function beginDeltaTraces(
  pushes: readonly TracedPush[],
  table: string,
  wanted: (keys: PackedKeys) => PackedKeys,
): DeltaTraces {
  if (pushes.length === 0) return NO_DELTA_TRACES;
  const attributes = { ...messagingAttributes(table, { name: 'delta', type: 'send' }), 'weir.tables': table };
  const spans: Span[] = [];
  const messages: TracedChange[] = [];
  for (const { seq, context, keys: changed } of pushes) {
    const keys = wanted(changed);
    if (keys.length === 0) continue;
    const span = childSpan('delta', context, {
      kind: 'PRODUCER',
      attributes: { ...attributes, 'weir.seq': seq, 'weir.rows': keys.length / 2 },
    });
    spans.push(span);
    messages.push({ traceParent: traceParentBytes(span.spanContext()), keys: bytesOf(keys) });
  }
  return {
    messages,
    end() {
      for (const span of spans) span.end();
    },
  };
}
