// A pull or a push of a user as it is traced: one span for the call, below it one for each message to a shard. There is
// none for a call that is not sampled, and then its messages are what they would be without tracing.
import {
  activeContext,
  annotate,
  beginMessage,
  beginSpan,
  endRpcWith,
  failSpan,
  keyCount,
  type PackedKeys,
  SPAN_LINKS_MAX,
  type Span,
  type SpanContext,
  serverAttributes,
  type WeirError,
} from '@weir/proto';

/** Rows of one table that are asked for or updated. */
interface CalledRows {
  readonly table: { readonly name: string };
  readonly keys: PackedKeys;
}

export class CallTrace {
  readonly #span: Span;
  /** A message has said what went wrong: then the call need not. */
  #told = false;

  private constructor(span: Span) {
    this.#span = span;
  }

  /** Below the span that is active; without one it begins a trace. Undefined when it is not sampled. */
  static begin(name: 'pull' | 'push', parts: readonly CalledRows[]): CallTrace | undefined {
    const span = beginSpan(name, activeContext(), { kind: 'INTERNAL' });
    if (!span.isRecording()) return undefined;
    annotate(span, {
      'weir.tables': parts.map(({ table }) => table.name).join(','),
      'weir.rows': parts.reduce((sum, { keys }) => sum + keyCount(keys), 0),
    });
    return new CallTrace(span);
  }

  get context(): SpanContext {
    return this.#span.spanContext();
  }

  told(): void {
    this.#told = true;
  }

  end(error: WeirError | undefined): void {
    if (error !== undefined && !this.#told) failSpan(this.#span, error.code);
    this.#span.end();
  }
}

/** A message to a shard that is a call of its own. */
export class MessageTrace {
  readonly #span: Span;
  readonly #calls: readonly CallTrace[];

  private constructor(span: Span, calls: readonly CallTrace[]) {
    this.#span = span;
    this.#calls = calls;
  }

  /** @param calls for which it is sent; undefined when none of them is sampled. */
  static begin(
    path: string,
    calls: readonly CallTrace[],
    to: { readonly id: string; readonly address: string },
    rows: number,
  ): MessageTrace | undefined {
    const [parent, ...links] = calls.map(({ context }) => context);
    const attributes = { ...serverAttributes(to.address), 'weir.shard': to.id, 'weir.rows': rows };
    const span = beginMessage('CLIENT', path, parent, { attributes, links: links.slice(0, SPAN_LINKS_MAX) });
    return span && new MessageTrace(span, calls);
  }

  get context(): SpanContext {
    return this.#span.spanContext();
  }

  /** Its stream was lost before it was answered. */
  sentAgain(): void {
    this.#span.addEvent('sent again');
  }

  end(error?: WeirError): void {
    if (error !== undefined) for (const call of this.#calls) call.told();
    endRpcWith(this.#span, 'CLIENT', error);
  }
}
