// A window as it is traced: one span from its pull to its last acknowledgement, in the trace of the first of its sampled
// requests, with links to the others. Without any, what the window does belongs to no trace.
import { batchSpan, inSpan, inTraceOf, messagingAttributes, type Span } from '@weir/proto';
import type { Window } from './core/window.ts';
import { SAMPLES_STREAM } from './samples-stream.ts';

export class WindowTrace {
  readonly #span: Span | undefined;

  constructor({ traces, requests, reason }: Window) {
    const attributes = {
      ...messagingAttributes(SAMPLES_STREAM, { name: 'train', type: 'process' }),
      'weir.requests': requests.length,
      'weir.window.reason': reason,
    };
    this.#span = batchSpan('train window', traces, { kind: 'CONSUMER', attributes });
  }

  during<T>(run: () => T): T {
    return this.#span === undefined ? inTraceOf([], run) : inSpan(this.#span, run);
  }

  end(): void {
    this.#span?.end();
  }
}
