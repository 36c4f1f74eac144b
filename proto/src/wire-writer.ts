// Writes Protobuf's wire format into one growing buffer. Only what a FeatureBlock needs; strings are written
// character by character while they are ASCII, since most feature values are short.

const encoder = new TextEncoder();

export class WireWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #size = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** What was written; a view that is valid until the next write. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#size);
  }

  clear(): void {
    this.#size = 0;
  }

  /** An unsigned integer below 2^31. */
  varint(value: number): void {
    this.#reserve(5);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#size++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#size++] = rest;
  }

  bytes(tag: number, value: Uint8Array): void {
    this.varint(tag);
    this.varint(value.byteLength);
    this.#reserve(value.byteLength);
    this.#bytes.set(value, this.#size);
    this.#size += value.byteLength;
  }

  string(tag: number, value: string): void {
    this.varint(tag);
    if (value.length >= 0x80 || !this.#shortAscii(value)) this.#anyString(value);
  }

  /** Writes length and characters, or nothing if a character is not ASCII. */
  #shortAscii(value: string): boolean {
    this.#reserve(value.length + 1);
    const start = this.#size;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) return false;
      this.#bytes[start + 1 + i] = code;
    }
    this.#bytes[start] = value.length;
    this.#size = start + 1 + value.length;
    return true;
  }

  #anyString(value: string): void {
    const utf8 = encoder.encode(value);
    this.varint(utf8.byteLength);
    this.#reserve(utf8.byteLength);
    this.#bytes.set(utf8, this.#size);
    this.#size += utf8.byteLength;
  }

  #reserve(more: number): void {
    if (this.#size + more <= this.#bytes.byteLength) return;
    const grown = new Uint8Array(Math.max(this.#bytes.byteLength * 2, this.#size + more));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
