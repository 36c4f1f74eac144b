// Writing and reading stored binary forms: little-endian, arrays at multiples of 8 from the start, so that reading
// one back is a view wherever the bytes themselves are aligned.
import { bytesOf, floatsFromBytes, keysFromBytes, type PackedKeys } from '@weir/proto';

const ALIGNMENT = 8;

export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #at = 0;

  /** @param memory aligned, or bytes expected; it grows by itself beyond. */
  constructor(memory: number | Uint8Array) {
    this.#bytes = typeof memory === 'number' ? new Uint8Array(memory) : memory;
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset);
  }

  u8(value: number): void {
    const at = this.#take(1);
    this.#view.setUint8(at, value);
  }

  u32(value: number): void {
    const at = this.#take(4);
    this.#view.setUint32(at, value, true);
  }

  f64(value: number): void {
    const at = this.#take(8);
    this.#view.setFloat64(at, value, true);
  }

  /** Length, then the bytes. */
  blob(bytes: Uint8Array): void {
    this.u32(bytes.length);
    const at = this.#take(bytes.length);
    this.#bytes.set(bytes, at);
  }

  text(text: string): void {
    this.blob(Buffer.from(text, 'utf8'));
  }

  /** The array's bytes at the next multiple of 8; its length is the caller's to note. */
  array(array: Uint32Array | Float32Array): void {
    const at = this.place(array);
    this.#bytes.set(bytesOf(array), at);
  }

  /** Where the array would be, with room for its bytes, which the caller fills in. */
  place(array: Uint32Array | Float32Array): number {
    this.align();
    return this.#take(array.byteLength);
  }

  align(): void {
    const end = this.#at + (-this.#at & (ALIGNMENT - 1));
    while (this.#at < end) this.u8(0);
  }

  /** Everything written; a view of the writer's memory. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Makes room, which may replace the memory: call it before touching that. */
  #take(size: number): number {
    const at = this.#at;
    this.#at += size;
    if (this.#at > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#at, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}

/** Reads what a ByteWriter wrote. Every method throws RangeError at the end of the bytes. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get rest(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** A view. */
  blob(): Uint8Array {
    return this.#slice(this.u32());
  }

  text(): string {
    const bytes = this.blob();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  }

  /** A view where the memory is aligned, else a copy. */
  keys(count: number): PackedKeys {
    this.align();
    return keysFromBytes(this.#slice(count * 8));
  }

  /** A view where the memory is aligned, else a copy. */
  floats(count: number): Float32Array {
    this.align();
    return floatsFromBytes(this.#slice(count * 4));
  }

  align(): void {
    this.#take(-this.#at & (ALIGNMENT - 1));
  }

  #slice(size: number): Uint8Array {
    const at = this.#take(size);
    return this.#bytes.subarray(at, at + size);
  }

  #take(size: number): number {
    const at = this.#at;
    if (at + size > this.#bytes.length) throw new RangeError(`ends after ${this.#bytes.length} bytes`);
    this.#at = at + size;
    return at;
  }
}
