// One contribution as its bytes come in: parts' values one after the other, cut anywhere. A value that is not finite is
// refused as soon as it is here, so that it never reaches the others.
import { VALUE_BYTES, WeirError } from '@weir/proto';
import { allFinite } from '../../core/finite.ts';
import { contributionBytes } from '../../core/group-contribution.ts';
import type { Contribution, PartSpec } from '../../core/group-reduce.ts';
import type { GroupMemory } from './group-memory.ts';

export class GroupUpload implements Contribution {
  readonly parts: readonly PartSpec[];
  readonly values: readonly Uint8Array<ArrayBuffer>[];
  readonly bytes: number;
  #left: number;
  #part = 0;
  #at = 0;

  /** @param memory of the values; whoever has reduced them gives it back. */
  constructor(parts: readonly PartSpec[], memory: GroupMemory) {
    this.parts = parts;
    this.values = parts.map(({ bytes }) => memory.take(bytes));
    this.bytes = contributionBytes({ parts });
    this.#left = this.bytes;
  }

  get complete(): boolean {
    return this.#left === 0;
  }

  /** @throws WeirError INVALID_ARGUMENT (more bytes than announced), NOT_FINITE. */
  add(data: Uint8Array): void {
    if (data.length > this.#left) {
      throw new WeirError('INVALID_ARGUMENT', `more than the ${this.bytes} bytes that the parts announce`);
    }
    this.#left -= data.length;
    for (let from = 0; from < data.length; ) {
      const value = this.values[this.#part]!;
      const piece = data.subarray(from, from + value.length - this.#at);
      value.set(piece, this.#at);
      requireFinite(this.parts[this.#part]!, value, this.#at, this.#at + piece.length);
      from += piece.length;
      this.#at += piece.length;
      if (this.#at < value.length) return;
      this.#part++;
      this.#at = 0;
    }
  }
}

/** Looks at the values that end in these bytes. */
function requireFinite(part: PartSpec, value: Uint8Array<ArrayBuffer>, from: number, to: number): void {
  if (part.type !== 'f32' && part.type !== 'f64') return;
  const size = VALUE_BYTES[part.type];
  const first = Math.floor(from / size);
  const count = Math.floor(to / size) - first;
  const values = new (part.type === 'f32' ? Float32Array : Float64Array)(value.buffer, first * size, count);
  if (allFinite(values)) return;
  const found = values.findIndex((each) => !Number.isFinite(each));
  const message = `part ${part.name}: value ${first + found} is ${values[found]}; nothing was contributed`;
  throw new WeirError('NOT_FINITE', message, { keyIndex: first + found });
}
