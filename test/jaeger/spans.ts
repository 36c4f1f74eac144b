// All spans that a Jaeger has, and ways through them.
import { setTimeout as sleep } from 'node:timers/promises';
import type { JaegerApi, JaegerSpan, SpanRef } from '../tools/jaeger-api.ts';

/** Batches in Jaeger's pipeline are stored by then. */
const SETTLE_MS = 300;

/** `SERVER weir.v1.Predictor/Rank @ weir-predictor` */
export interface SpanMatch {
  readonly name: string;
  readonly kind: string;
  readonly service?: string;
}

export class Spans {
  readonly all: readonly JaegerSpan[];
  readonly #byId: ReadonlyMap<string, JaegerSpan>;
  readonly #children = new Map<string, JaegerSpan[]>();

  private constructor(all: readonly JaegerSpan[]) {
    this.all = all;
    this.#byId = new Map(all.map((span) => [idOf(span), span]));
    for (const span of all) {
      if (span.parent === undefined) continue;
      const siblings = this.#children.get(idOf(span.parent)) ?? [];
      this.#children.set(idOf(span.parent), siblings);
      siblings.push(span);
    }
  }

  /** Of processes that have ended, and so have sent theirs: read until no more come. */
  static async read(api: JaegerApi): Promise<Spans> {
    let found = await readAll(api);
    for (;;) {
      await sleep(SETTLE_MS);
      const again = await readAll(api);
      if (again.length === found.length) return new Spans(again);
      found = again;
    }
  }

  get(ref: SpanRef): JaegerSpan | undefined {
    return this.#byId.get(idOf(ref));
  }

  matching(match: SpanMatch): JaegerSpan[] {
    return this.all.filter((span) => isMatch(span, match));
  }

  children(parent: SpanRef, match: SpanMatch): JaegerSpan[] {
    return (this.#children.get(idOf(parent)) ?? []).filter((span) => isMatch(span, match));
  }

  linkingTo(target: SpanRef): JaegerSpan[] {
    return this.all.filter(({ links }) => links.some((link) => idOf(link) === idOf(target)));
  }
}

async function readAll(api: JaegerApi): Promise<JaegerSpan[]> {
  const spans = new Map<string, JaegerSpan>();
  for (const service of await api.services()) {
    for (const trace of await api.traces({ service })) {
      for (const span of trace.spans) spans.set(idOf(span), span);
    }
  }
  return [...spans.values()];
}

const idOf = ({ traceId, spanId }: SpanRef): string => `${traceId}/${spanId}`;

function isMatch(span: JaegerSpan, { name, kind, service }: SpanMatch): boolean {
  return span.name === name && span.kind === kind && (service === undefined || span.service === service);
}
