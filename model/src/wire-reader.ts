// Reads Protobuf's wire format in place, for the hot path of decoding features: no object and no copy per field.
import { WeirError } from '@weir/proto';

export function malformed(what: string): WeirError {
  return new WeirError('INVALID_ARGUMENT', `the features cannot be decoded: ${what}`);
}

export class WireReader {
  readonly bytes: Uint8Array;
  at: number;
  end: number;
  /** Where the last length-delimited field lies. */
  start = 0;
  stop = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.at = 0;
    this.end = bytes.byteLength;
  }

  get more(): boolean {
    return this.at < this.end;
  }

  /** An unsigned integer; beyond 32 bits only the lower ones are kept. */
  varint(): number {
    const { bytes } = this;
    let byte = bytes[this.at++]!;
    if (byte < 0x80 && this.at <= this.end) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 70; shift += 7) {
      if (this.at >= this.end) break;
      byte = bytes[this.at++]!;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw malformed('an integer is cut off');
  }

  /** Goes over a length-delimited field's value: it lies in `start` to `stop`. */
  delimited(): void {
    const length = this.varint();
    this.start = this.at;
    this.stop = this.at + length;
    if (this.stop > this.end) throw malformed('a field is cut off');
    this.at = this.stop;
  }

  /** Goes over a field of any type; a length-delimited one's value lies in `start` to `stop`. */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        this.varint();
        return;
      case 1:
        this.at += 8;
        break;
      case 2:
        this.delimited();
        return;
      case 5:
        this.at += 4;
        break;
      default:
        throw malformed(`wire type ${tag & 7} is unknown`);
    }
    if (this.at > this.end) throw malformed('a field is cut off');
  }
}
