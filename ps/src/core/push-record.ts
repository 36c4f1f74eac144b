// A push's record, written when the push is taken: in steps, since a push may be large, and before its position is
// known, so that little is left to do when its turn comes.
import { bytesOf } from '@weir/proto';
import { ByteWriter } from './byte-cursor.ts';
import { FIXED_BYTES_MAX, KIND, LOG_FORMAT_VERSION, SEQ_BYTES } from './log-format.ts';
import type { ClientNumber, PushRecord, PushRecordPart, StoredRange } from './log-record.ts';
import { sealEnd, sealingBut } from './sealed.ts';
import { STEP_VALUES, type Steps } from './steps.ts';

/** Bytes of a part but for arrays and texts. */
const PART_BYTES_MAX = 48;
/** Of a source range but for its group's name. */
const RANGE_BYTES = 32;
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
  if (push.sources.length > 0) writeRanges(writer, push.sources);
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
  const kind = push.sources.length > 0 ? KIND.sourcePush : KIND.push;
  const begun = yield* sealingBut(SEQ_BYTES, record, LOG_FORMAT_VERSION, kind);
  const place = (seq: number): Uint8Array => {
    new DataView(buffer, byteOffset).setFloat64(record.length - SEQ_BYTES, seq, true);
    return sealEnd(record, begun, SEQ_BYTES);
  };
  return { bytes: record.length, parts, place };
}

export function pushRecordBytesMax({ client, parts, sources }: Content): number {
  const texts = client.id.length + client.incarnation.length;
  let bytes = FIXED_BYTES_MAX + UTF8_BYTES_MAX * texts;
  for (const { group } of sources) bytes += RANGE_BYTES + UTF8_BYTES_MAX * group.length;
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

function writeRanges(writer: ByteWriter, ranges: readonly StoredRange[]): void {
  writer.u32(ranges.length);
  for (const { group, partition, generation, from, to } of ranges) {
    writer.text(group);
    writer.u32(partition);
    writer.f64(generation);
    writer.f64(from);
    writer.f64(to);
  }
}

function* copying<T extends Uint32Array | Float32Array>(from: T, to: T): Steps<void> {
  const source = bytesOf(from);
  const target = bytesOf(to);
  for (let at = 0; at < source.length; at += 4 * STEP_VALUES) {
    if (at > 0) yield;
    target.set(source.subarray(at, at + 4 * STEP_VALUES), at);
  }
}
