// A sampled push as a shard traces it: its span from the first frame to its outcome, and below it what the log and the
// rows took. Pushes that are not sampled have none.
import {
  annotate,
  batchSpan,
  beginMessage,
  childSpan,
  endRpcWith,
  SPAN_LINKS_MAX,
  type Span,
  type SpanContext,
  traceParentOfBytes,
  WeirError,
} from '@weir/proto';
import { ParameterServerService } from '@weir/proto/v1/parameter_server';
import type { LogEntry } from '../log/log-entry.ts';
import type { PushOutcome } from './push-outcome.ts';

export class PushTrace {
  readonly context: SpanContext;
  /** Undefined where the call has its span from elsewhere. */
  readonly #span: Span | undefined;
  #apply: Span | undefined;

  private constructor(context: SpanContext, span: Span | undefined) {
    this.context = context;
    this.#span = span;
  }

  /** Of a message. @param traceParent of its first frame. */
  static ofMessage(traceParent: Uint8Array | undefined): PushTrace | undefined {
    if (traceParent === undefined) return undefined;
    const span = beginMessage('SERVER', ParameterServerService.push.path, traceParentOfBytes(traceParent));
    return span?.isRecording() === true ? new PushTrace(span.spanContext(), span) : undefined;
  }

  /** Of a unary call. */
  static ofCall(context: SpanContext | undefined): PushTrace | undefined {
    return context && new PushTrace(context, undefined);
  }

  applyBegins(): void {
    this.#apply ??= childSpan('apply', this.context, { kind: 'INTERNAL' });
  }

  applied(seq: number): void {
    if (this.#apply === undefined) return;
    annotate(this.#apply, { 'weir.seq': seq });
    this.#apply.end();
  }

  settled(outcome: PushOutcome): void {
    if (this.#span === undefined) return;
    if (outcome.kind === 'turned away') endRpcWith(this.#span, 'SERVER', outcome.error);
    else endRpcWith(this.#span, 'SERVER', outcome.refusal && WeirError.fromDetail(outcome.refusal));
  }
}

/** Of a write that several pushes share; undefined when none of them is sampled. */
export function logWriteSpan(entries: readonly LogEntry[]): Span | undefined {
  if (entries.every(({ trace }) => trace === undefined)) return undefined;
  const pushes = entries.flatMap(({ trace }) => trace?.context ?? []);
  return batchSpan('log write', pushes.slice(0, 1 + SPAN_LINKS_MAX), { kind: 'INTERNAL' });
}
