// A PushRequest in the making: memory laid out as the wire wants it, with places for keys and values that are filled
// once, and for the fields that are known only when it is sent. It is the copy that a client keeps until the push is
// settled and the bytes that it sends, as often as it must.
import type { SpanContext } from '@opentelemetry/api';
import { lengthWidth, paddingAt } from './aligned-fields.ts';
import { ValueEncoding } from './gen/weir/v1/common.ts';
import { PushClient, PushRequest, type SourceRange } from './gen/weir/v1/parameter_server.ts';
import { KEY_BYTES, type PackedKeys } from './keys.ts';
import { traceField } from './trace-field.ts';
import { varintWidth, writeVarint } from './varint.ts';

/** Rows of one table in a frame. */
export interface PushFramePart {
  readonly tableUid: string;
  readonly rows: number;
  readonly dim: number;
}

/** What is known when the frame is sent. */
export interface PushFrameHeader {
  /** In the first message of a stream. */
  readonly client: PushClient | undefined;
  readonly number: number;
  readonly epoch: number;
  readonly moreFrames: boolean;
  readonly originTimeMs: number;
}

const TAG = { client: 10, number: 16, epoch: 24, part: 34, moreFrames: 40, originTimeMs: 57 } as const;
const TRACE_TAG = 66;
const PART_TAG = { tableUid: 10, keys: 18, values: 26, encoding: 32 } as const;
/** Holds every whole number that is exact. */
const NUMBER_WIDTH = 8;
const HEADER_BYTES = 2 * (1 + NUMBER_WIDTH) + 2 + 9;

export class PushFrame {
  /** Places for the keys and values of each part, in order: views of the frame. */
  readonly keys: readonly PackedKeys[];
  readonly values: readonly Float32Array[];
  /** What the frame lies in; its maker may use it again once nobody looks at the frame any more. */
  readonly memory: ArrayBuffer;
  /** The message; its arrays are aligned in our memory too. */
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  /**
   * @param memoryOf gives memory of at least so many bytes, with anything in it.
   * @param sources what `encodeSourceRanges` returned, in the first frame of a push.
   */
  constructor(
    parts: readonly PushFramePart[],
    memoryOf: (bytes: number) => ArrayBuffer = (bytes) => new ArrayBuffer(bytes),
    sources?: Uint8Array,
  ) {
    const layouts: PartLayout[] = [];
    let at = HEADER_BYTES + (sources?.length ?? 0);
    for (const part of parts) {
      const layout = layoutOf(part, at);
      layouts.push(layout);
      at = layout.end;
    }
    const start = -(layouts[0]?.keysAt ?? 0) & 3;
    const buffer = memoryOf(start + at);
    this.memory = buffer;
    this.#bytes = new Uint8Array(buffer, start, at);
    this.#view = new DataView(buffer, start, at);
    if (sources !== undefined) this.#bytes.set(sources, HEADER_BYTES);
    this.keys = layouts.map(({ keysAt }, i) => new Uint32Array(buffer, start + keysAt, 2 * parts[i]!.rows));
    this.values = layouts.map(
      ({ valuesAt }, i) => new Float32Array(buffer, start + valuesAt, parts[i]!.rows * parts[i]!.dim),
    );
    parts.forEach((part, i) => {
      this.#writePart(part, layouts[i]!);
    });
  }

  /** The whole message; valid until the next call. */
  message(header: PushFrameHeader): Uint8Array {
    const bytes = this.#bytes;
    let at = 0;
    bytes[at++] = TAG.number;
    at = writeVarint(bytes, at, header.number, NUMBER_WIDTH);
    bytes[at++] = TAG.epoch;
    at = writeVarint(bytes, at, header.epoch, NUMBER_WIDTH);
    bytes[at++] = TAG.moreFrames;
    bytes[at++] = header.moreFrames ? 1 : 0;
    bytes[at++] = TAG.originTimeMs;
    this.#view.setFloat64(at, header.originTimeMs, true);
    return header.client === undefined ? bytes : withClient(header.client, bytes);
  }

  #writePart({ rows, dim }: PushFramePart, layout: PartLayout): void {
    const bytes = this.#bytes;
    let at = layout.start;
    bytes[at++] = TAG.part;
    at = writeVarint(bytes, at, layout.end - layout.bodyAt, layout.bodyAt - layout.start - 1);
    bytes[at++] = PART_TAG.tableUid;
    at = writeVarint(bytes, at, layout.uid.length, varintWidth(layout.uid.length));
    bytes.set(layout.uid, at);
    at += layout.uid.length;
    bytes[at++] = PART_TAG.encoding;
    at = writeVarint(bytes, at, ValueEncoding.F32, layout.encodingWidth);
    bytes[at++] = PART_TAG.keys;
    at = writeVarint(bytes, at, rows * KEY_BYTES, lengthWidth(rows * KEY_BYTES)) + rows * KEY_BYTES;
    bytes[at++] = PART_TAG.values;
    writeVarint(bytes, at, rows * dim * 4, lengthWidth(rows * dim * 4));
  }
}

/** The field of a sampled caller as it stands in a message, before its other fields. */
export function pushTraceHead(context: SpanContext): Uint8Array {
  return traceField(TRACE_TAG, context);
}

/** The field as it stands in a message. */
export function encodeSourceRanges(ranges: readonly SourceRange[]): Uint8Array {
  const rest = { client: undefined, number: 0, epoch: 0, parts: [], moreFrames: false, originTimeMs: 0 };
  return PushRequest.encode({ ...rest, sources: [...ranges] }).finish();
}

/** Places in the message. */
interface PartLayout {
  readonly uid: Uint8Array;
  readonly start: number;
  readonly bodyAt: number;
  readonly encodingWidth: number;
  readonly keysAt: number;
  readonly valuesAt: number;
  readonly end: number;
}

const utf8 = new TextEncoder();

function layoutOf({ tableUid, rows, dim }: PushFramePart, start: number): PartLayout {
  const uid = utf8.encode(tableUid);
  const keyBytes = rows * KEY_BYTES;
  const valueBytes = rows * dim * 4;
  const bodyAt = start + 1 + lengthWidth(keyBytes + valueBytes + uid.length + 64);
  const encodingAt = bodyAt + 1 + varintWidth(uid.length) + uid.length;
  const encodingWidth = 1 + paddingAt(encodingAt + 2, keyBytes);
  const keysAt = encodingAt + 1 + encodingWidth + 1 + lengthWidth(keyBytes);
  const valuesAt = keysAt + keyBytes + 1 + lengthWidth(valueBytes);
  return { uid, start, bodyAt, encodingWidth, keysAt, valuesAt, end: valuesAt + valueBytes };
}

/** Only the first message of a stream pays for this copy. */
function withClient(client: PushClient, message: Uint8Array): Uint8Array {
  const body = PushClient.encode(client).finish();
  const head = 1 + varintWidth(body.length) + body.length;
  const bytes = new Uint8Array(head + message.length);
  bytes[0] = TAG.client;
  bytes.set(body, writeVarint(bytes, 1, body.length, varintWidth(body.length)));
  bytes.set(message, head);
  return bytes;
}
