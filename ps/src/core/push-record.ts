// A push's record, written when the push is taken: in steps, since a push may be large, and before its position is
// known, so that little is left to do when its turn comes.
import { bytesOf } from '@weir/proto';
import { ByteWriter } from './byte-cursor.ts';
import { FIXED_BYTES_MAX, KIND, LOG_FORMAT_VERSION, SEQ_BYTES } from './log-format.ts';
import type { ClientNumber, PushRecord, PushRecordPart } from './log-record.ts';
import { sealEnd, sealingBut } from './sealed.ts';
import { STEP_VALUES, type Steps } from './steps.ts';

/** Bytes of a part but for arrays and texts. */
const PART_BYTES_MAX = 48;
/** Of one UTF-16 unit. */
const UTF8_BYTES_MAX = 3;

/** A push's record but for its position. */
export interface UnplacedPush {
  /** Of the whole record. */
  readonly bytes: number;
  /** The push's parts, as views of the record. */
  readonly parts: readonly PushRecordPart[];
  /** The record at this position. */
  place(seq: number): Uint8Array;
}

type Content = Omit<PushRecord, 'kind' | 'seq'>;

/** @param memory where the record is put: aligned, of `pushRecordBytesMax` bytes. */
export function* writingPush(push: Content, memory: Uint8Array): Steps<UnplacedPush> {
  const writer = new ByteWriter(memory);
  writer.f64(0); // the envelope's place
  writeClient(writer, push.client);
  writer.f64(push.clockMs);
  writer.f64(push.originTimeMs);
  writer.u32(push.parts.length);
  const { buffer, byteOffset } = memory;
  const parts: PushRecordPart[] = [];
  for (const { tableUid, keys, values, counted } of push.parts) {
    writer.text(tableUid);
    writer.u32(keys.length / 2);
    writer.u32(values.length);
    writer.u32(counted.length / 2);
    const part = {
      tableUid,
      keys: new Uint32Array(buffer, byteOffset + writer.place(keys), keys.length),
      values: new Float32Array(buffer, byteOffset + writer.place(values), values.length),
      counted: new Uint32Array(buffer, byteOffset + writer.place(counted), counted.length),
    };
    yield* copying(keys, part.keys);
    yield* copying(values, part.values);
    yield* copying(counted, part.counted);
    parts.push(part);
  }
  writer.f64(0); // the position's place
  const record = writer.finish();
  const begun = yield* sealingBut(SEQ_BYTES, record, LOG_FORMAT_VERSION, KIND.push);
  const place = (seq: number): Uint8Array => {
    new DataView(buffer, byteOffset).setFloat64(record.length - SEQ_BYTES, seq, true);
    return sealEnd(record, begun, SEQ_BYTES);
  };
  return { bytes: record.length, parts, place };
}

export function pushRecordBytesMax({ client, parts }: Content): number {
  const texts = client.id.length + client.incarnation.length;
  const bytes = FIXED_BYTES_MAX + UTF8_BYTES_MAX * texts;
  return parts.reduce((sum, { tableUid, keys, values, counted }) => {
    const arrays = keys.byteLength + values.byteLength + counted.byteLength;
    return sum + PART_BYTES_MAX + UTF8_BYTES_MAX * tableUid.length + arrays;
  }, bytes);
}

export function writeClient(writer: ByteWriter, client: ClientNumber): void {
  writer.text(client.id);
  writer.text(client.incarnation);
  writer.f64(client.number);
}

function* copying<T extends Uint32Array | Float32Array>(from: T, to: T): Steps<void> {
  const source = bytesOf(from);
  const target = bytesOf(to);
  for (let at = 0; at < source.length; at += 4 * STEP_VALUES) {
    if (at > 0) yield;
    target.set(source.subarray(at, at + 4 * STEP_VALUES), at);
  }
}
