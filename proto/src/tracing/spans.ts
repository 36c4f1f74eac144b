// How spans are begun, here and nowhere else. Without a tracer provider nothing is recorded and all of it is nearly free.
// Traces begin at the doors (calls of others, and pushes and pulls of a client's user); the stages behind them only go on
// with what is sampled. A batch belongs to the trace of the first sampled of its inputs and links to the others.
import {
  type Context,
  context,
  createContextKey,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { SPAN_LINKS_MAX } from '../limits.ts';
import type { SpanAttributes } from './span-attributes.ts';
import { isSampled } from './trace-context.ts';

const tracer = trace.getTracer('weir');

export type Kind = keyof typeof SpanKind;

export interface SpanStart {
  readonly kind: Kind;
  readonly attributes?: SpanAttributes;
  readonly links?: readonly SpanContext[];
}

/** @param parent with a sampled span or none of it; a context without a span begins a trace. */
export function beginSpan(
  name: string,
  parent: Context,
  { kind, attributes = {}, links = [] }: SpanStart,
): Span {
  const { [kind]: spanKind } = SpanKind;
  return tracer.startSpan(
    name,
    {
      kind: spanKind,
      attributes,
      ...(links.length > 0 && { links: links.map((link) => ({ context: link })) }),
    },
    parent,
  );
}

/** Below a span of this or another process. */
export function childSpan(name: string, parent: SpanContext, start: SpanStart): Span {
  return beginSpan(name, trace.setSpanContext(ROOT_CONTEXT, parent), start);
}

/** Over work for several callers: below the first, with links to the others; undefined when no caller is traced. */
export function batchSpan(name: string, inputs: readonly SpanContext[], start: SpanStart): Span | undefined {
  const [first, ...others] = inputs;
  return first && childSpan(name, first, { ...start, links: others });
}

/** The span that the caller works for, if it is sampled. */
export function sampledNow(): SpanContext | undefined {
  const active = trace.getActiveSpan()?.spanContext();
  return active !== undefined && isSampled(active) ? active : undefined;
}

/** The active span of this process; undefined without one. */
export function activeSpan(): Span | undefined {
  return trace.getActiveSpan();
}

export function activeContext(): Context {
  return context.active();
}

/** For the first span of this process in a trace; without a caller it begins one. */
export function remoteContext(caller: SpanContext | undefined): Context {
  return caller === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, caller);
}

/** Contexts of several callers, each once; of many the first ones. */
export class TraceSample {
  readonly #contexts: SpanContext[] = [];

  get contexts(): readonly SpanContext[] {
    return this.#contexts;
  }

  add(given: SpanContext | undefined): void {
    if (given === undefined || this.#contexts.length === SPAN_LINKS_MAX) return;
    if (this.#contexts.some(({ spanId, traceId }) => spanId === given.spanId && traceId === given.traceId))
      return;
    this.#contexts.push(given);
  }
}

const LINKS = createContextKey('weir: links of the next call');

/** Of a context made by `inTraceOf`. */
export function linksOf(active: Context): readonly SpanContext[] {
  return (active.getValue(LINKS) as readonly SpanContext[] | undefined) ?? [];
}

/** A valid context that is not sampled: what is done under it begins no trace. */
const NOT_SAMPLED: Context = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: 'ffffffffffffffffffffffffffffffff',
  spanId: 'ffffffffffffffff',
  traceFlags: 0,
});

/**
 * Runs what is done for several callers at once: calls belong to the trace of the first and link to the others. Without
 * inputs they belong to no trace; nor to the one that happens to be active, which may have ended long ago.
 */
export function inTraceOf<T>(inputs: readonly SpanContext[], run: () => T): T {
  const [first, ...others] = inputs;
  if (first === undefined) return context.with(NOT_SAMPLED, run);
  const parent = trace.setSpanContext(ROOT_CONTEXT, first);
  return context.with(others.length === 0 ? parent : parent.setValue(LINKS, others), run);
}

export function inSpan<T>(span: Span, run: () => T): T {
  return context.with(trace.setSpan(ROOT_CONTEXT, span), run);
}

/** Runs what lives longer than its caller, and must not count as the caller's. */
export function outsideTraces<T>(run: () => T): T {
  return context.with(ROOT_CONTEXT, run);
}

/** What is known of it only after its beginning. */
export function annotate(span: Span, attributes: SpanAttributes): void {
  span.setAttributes(attributes);
}

/** Marks the span where an error happened. Without a message: that may name what no span may hold. */
export function failSpan(span: Span, errorType: string): void {
  annotate(span, { 'error.type': errorType });
  span.setStatus({ code: SpanStatusCode.ERROR });
}
