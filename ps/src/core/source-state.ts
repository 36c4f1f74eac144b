// How far one partition of a source is applied for one group of consumers, and what is stored of it.
import { WeirError } from '@weir/proto';
import { ByteReader, ByteWriter } from './byte-cursor.ts';
import { ENVELOPE_BYTES, seal, unseal } from './sealed.ts';

const FORMAT_VERSION = 1;
const KIND = 1;

export interface SourceState {
  /** Of the source's partition. */
  readonly incarnation: string;
  /** Of the group: pushes of others are refused. */
  readonly generation: number;
  /** What the group began with. */
  readonly start: number;
  /** Everything below it is applied. */
  readonly applied: number;
  /** Lost with the rows: `applied` says nothing. */
  readonly lost: boolean;
}

export interface SourceEntry extends SourceState {
  readonly group: string;
  readonly partition: number;
}

/** But for `lost`, which is not stored: whoever loads them knows. */
export function encodeSourceEntries(entries: readonly SourceEntry[]): Uint8Array {
  const writer = new ByteWriter(64 + entries.length * 96);
  writer.f64(0); // the envelope's place
  writer.u32(entries.length);
  for (const { group, partition, incarnation, generation, start, applied } of entries) {
    writer.text(group);
    writer.u32(partition);
    writer.text(incarnation);
    writer.f64(generation);
    writer.f64(start);
    writer.f64(applied);
  }
  return seal(writer.finish(), FORMAT_VERSION, KIND);
}

/** @throws WeirError CORRUPT; CONFIGURATION for a newer format. */
export function decodeSourceEntries(bytes: Uint8Array): SourceEntry[] {
  const what = 'the stored source offsets';
  unseal(bytes, FORMAT_VERSION, what);
  try {
    const reader = new ByteReader(bytes.subarray(ENVELOPE_BYTES));
    const entries = Array.from({ length: reader.u32() }, () => ({
      group: reader.text(),
      partition: reader.u32(),
      incarnation: reader.text(),
      generation: reader.f64(),
      start: reader.f64(),
      applied: reader.f64(),
      lost: false,
    }));
    if (reader.rest !== 0) throw new RangeError(`${reader.rest} bytes are left over`);
    return entries;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WeirError('CORRUPT', `${what}: ${reason}`, { cause: error });
  }
}
