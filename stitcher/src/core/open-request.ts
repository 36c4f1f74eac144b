// The skeleton of one request whose labels may still come. The bytes of its samples (`template`: documents, scores,
// features) stand apart: they are written once, and are the first to leave memory.

/** A label that one of the samples has. */
export interface Positive {
  /** Index into the plan's labels. */
  readonly label: number;
  /** Index into `docIds`. */
  readonly sample: number;
  /** The first event to come was after the label's observation window. */
  readonly delayed: boolean;
  /** As the request's. */
  readonly trace?: string | undefined;
  /** Wall clock of the newest event behind it; 0: unknown. */
  ingestTimeMs: number;
  /** Of the earliest event behind it, and its time. */
  eventId: string;
  timeMs: number;
}

export interface OpenRequest {
  readonly servingId: string;
  /** Exposure, event time. */
  readonly timeMs: number;
  /** Watermark of the features when the record came; labels whose window had passed by then stay unknown. */
  readonly arrivalWatermarkMs: number;
  /** Of the feature record, to tell a repeat from a conflict. */
  readonly contentHash: number;
  readonly templateBytes: number;
  /** The `traceparent` of what appended the features, if that is sampled. */
  readonly trace?: string | undefined;
  /** Documents of the samples, in their order; empty once the request is closed. */
  docIds: readonly string[];
  /** Event id -> hash of the event's content; the first event of an id wins. */
  seen: Map<string, number> | undefined;
  positives: Positive[];
  /** Sample records emitted, under `fast`; under `wait` it follows from the time. */
  revision: number;
  /** Undefined where it is only in the store. */
  template: Uint8Array | undefined;
  /** What `OpenRequests` has counted for the skeleton. */
  countedBytes: number;
}

/** A request as it is opened. */
export function openRequest(
  opened: Pick<
    OpenRequest,
    'servingId' | 'timeMs' | 'arrivalWatermarkMs' | 'contentHash' | 'docIds' | 'trace'
  > & {
    readonly template: Uint8Array;
  },
): OpenRequest {
  const { template } = opened;
  return {
    ...opened,
    templateBytes: template.length,
    seen: undefined,
    positives: [],
    revision: 0,
    countedBytes: 0,
  };
}

/** A closed request: only its id and time still count. */
export function strip(request: OpenRequest): void {
  request.docIds = [];
  request.seen = undefined;
  request.positives = [];
}

/** A `traceparent` as a string of V8. */
const TRACE_BYTES = 80;

const FORMAT_VERSION = 1;

type Fields = [
  version: number,
  arrivalWatermarkMs: number,
  contentHash: number,
  templateBytes: number,
  revision: number,
  docIds: readonly string[],
  seen: [string, number][],
  /** The last three are missing where an older version wrote it; the last one also where nothing is traced. */
  positives: [
    label: number,
    sample: number,
    delayed: 0 | 1,
    ingestTimeMs: number,
    eventId?: string,
    timeMs?: number,
    trace?: string,
  ][],
  trace?: string,
];

/** Without serving id and time: they are its key. */
export function encodeOpenRequest(request: OpenRequest): Uint8Array {
  const fields: Fields = [
    FORMAT_VERSION,
    request.arrivalWatermarkMs,
    request.contentHash,
    request.templateBytes,
    request.revision,
    request.docIds,
    request.seen === undefined ? [] : [...request.seen],
    request.positives.map((p) => [
      p.label,
      p.sample,
      p.delayed ? 1 : 0,
      p.ingestTimeMs,
      p.eventId,
      p.timeMs,
      ...ifTraced(p.trace),
    ]),
    ...ifTraced(request.trace),
  ];
  return Buffer.from(JSON.stringify(fields));
}

function ifTraced(trace: string | undefined): [trace?: string] {
  return trace === undefined ? [] : [trace];
}

/** @throws RangeError when the bytes are of another format version. */
export function decodeOpenRequest(timeMs: number, servingId: string, bytes: Uint8Array): OpenRequest {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  const fields = JSON.parse(text) as Fields;
  if (fields[0] !== FORMAT_VERSION) {
    throw new RangeError(`request '${servingId}': format ${fields[0]}, this version reads ${FORMAT_VERSION}`);
  }
  const [, arrivalWatermarkMs, contentHash, templateBytes, revision, docIds, seen, positives, trace] = fields;
  return {
    servingId,
    timeMs,
    arrivalWatermarkMs,
    contentHash,
    templateBytes,
    docIds,
    seen: seen.length === 0 ? undefined : new Map(seen),
    ...(trace !== undefined && { trace }),
    positives: positives.map(([label, sample, delayed, ingestTimeMs, eventId = '', timeMs = 0, traced]) => ({
      label,
      sample,
      delayed: delayed === 1,
      ingestTimeMs,
      eventId,
      timeMs,
      ...(traced !== undefined && { trace: traced }),
    })),
    revision,
    template: undefined,
    countedBytes: 0,
  };
}

/** Memory of the skeleton, estimated: objects, strings and map entries of V8 with some reserve. */
export function skeletonBytes(request: OpenRequest): number {
  let bytes = 320 + 2 * request.servingId.length + 128 * request.positives.length;
  if (request.trace !== undefined) bytes += TRACE_BYTES;
  for (const { trace } of request.positives) if (trace !== undefined) bytes += TRACE_BYTES;
  for (const docId of request.docIds) bytes += 32 + docId.length;
  if (request.seen !== undefined) bytes += 128 + 96 * request.seen.size;
  return bytes;
}
