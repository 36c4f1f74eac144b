// Jaeger's query API, as its web pages use it, and its traces in words of OpenTelemetry.

export interface SpanRef {
  readonly traceId: string;
  readonly spanId: string;
}

export type AttributeValue = string | number | boolean;

export interface JaegerSpan extends SpanRef {
  readonly name: string;
  /** `client`, `server`, `producer`, `consumer`, `internal`. */
  readonly kind: string;
  readonly parent: SpanRef | undefined;
  readonly links: readonly SpanRef[];
  /** Unix microseconds. */
  readonly startUs: number;
  readonly durationUs: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly hasError: boolean;
  /** Names and attributes of its events. */
  readonly events: readonly Readonly<Record<string, AttributeValue>>[];
  readonly service: string;
  /** Of the process: the resource's attributes. */
  readonly resource: Readonly<Record<string, AttributeValue>>;
}

export interface JaegerTrace {
  readonly traceId: string;
  readonly spans: readonly JaegerSpan[];
}

export interface TraceQuery {
  readonly service: string;
  /** A span's name. */
  readonly operation?: string;
  readonly limit?: number;
}

const LIMIT = 20_000;

export class JaegerApi {
  readonly #base: string;

  constructor(base: string) {
    this.#base = base;
  }

  async services(): Promise<readonly string[]> {
    return (await this.#get<readonly string[] | null>('/api/services')) ?? [];
  }

  /** Traces that have a span of this service. */
  async traces({ service, operation, limit = LIMIT }: TraceQuery): Promise<readonly JaegerTrace[]> {
    const query = new URLSearchParams({ service, limit: String(limit), lookback: '2h' });
    if (operation !== undefined) query.set('operation', operation);
    return (await this.#get<readonly RawTrace[]>(`/api/traces?${query}`)).map(traceOf);
  }

  /** Undefined if there is none of this id. */
  async trace(traceId: string): Promise<JaegerTrace | undefined> {
    const answer = await fetch(this.#base + tracePath(traceId));
    if (answer.status === 404) return undefined;
    return traceOf((await dataOf<readonly RawTrace[]>(answer))[0]!);
  }

  async #get<T>(path: string): Promise<T> {
    return await dataOf<T>(await fetch(this.#base + path));
  }
}

export function tracePath(traceId: string): string {
  return `/api/traces/${traceId}`;
}

async function dataOf<T>(answer: Response): Promise<T> {
  if (!answer.ok) throw new Error(`Jaeger answered ${answer.status}: ${await answer.text()}`);
  return ((await answer.json()) as { data: T }).data;
}

interface Tag {
  readonly key: string;
  readonly value: AttributeValue;
}

interface RawSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly references?: readonly {
    readonly refType: 'CHILD_OF' | 'FOLLOWS_FROM';
    readonly traceID: string;
    readonly spanID: string;
  }[];
  readonly startTime: number;
  readonly duration: number;
  readonly tags?: readonly Tag[];
  readonly logs?: readonly { readonly fields: readonly Tag[] }[];
  readonly processID: string;
}

interface RawTrace {
  readonly traceID: string;
  readonly spans: readonly RawSpan[];
  readonly processes: Readonly<
    Record<string, { readonly serviceName: string; readonly tags?: readonly Tag[] }>
  >;
}

function traceOf({ traceID, spans, processes }: RawTrace): JaegerTrace {
  return {
    traceId: traceID,
    spans: spans.map((span) => {
      const { serviceName, tags } = processes[span.processID]!;
      const { 'span.kind': kind, error, ...attributes } = named(span.tags);
      const refs = (span.references ?? []).map((ref) => ({
        type: ref.refType,
        traceId: ref.traceID,
        spanId: ref.spanID,
      }));
      const refOf = ({ traceId, spanId }: SpanRef): SpanRef => ({ traceId, spanId });
      const parent = refs.find(({ type }) => type === 'CHILD_OF');
      return {
        traceId: span.traceID,
        spanId: span.spanID,
        name: span.operationName,
        kind: String(kind ?? 'internal'),
        parent: parent && refOf(parent),
        links: refs.filter(({ type }) => type === 'FOLLOWS_FROM').map(refOf),
        startUs: span.startTime,
        durationUs: span.duration,
        attributes,
        hasError: error === true || error === 'true',
        events: (span.logs ?? []).map(({ fields }) => named(fields)),
        service: serviceName,
        resource: named(tags),
      };
    }),
  };
}

function named(tags: readonly Tag[] = []): Record<string, AttributeValue> {
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}
