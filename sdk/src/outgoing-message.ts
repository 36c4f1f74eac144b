// A message on its way through gRPC, and the memory that gRPC copies it into. That copy is garbage as soon as it is
// sent, and V8 counts its bytes: left to the collector, pushes at full speed start a full collection every 100 of them,
// which costs half as much CPU as everything else that the client does for them. So the copy is freed as soon as the message
// has arrived (ADR 0011). Should gRPC make its copy in another way one day, the collector gets it, as before.
import { COPY_FREED_BYTES_MIN } from './limits.ts';
import { asBuffer } from './shard-stream.ts';

export class OutgoingMessage {
  readonly #bytes: Uint8Array;
  readonly #head: Uint8Array | undefined;
  #copy: Uint8Array | undefined;
  #written = false;

  /** @param head bytes of the message before `bytes`, which so need not be copied to join them. */
  constructor(bytes: Uint8Array, head?: Uint8Array) {
    this.#bytes = bytes;
    this.#head = head;
  }

  /** gRPC's serialiser: what it returns tells us where it is copied. */
  static serialize(this: void, message: OutgoingMessage): Buffer {
    const head = message.#head;
    if (head !== undefined) return message.#inTwo(head);
    const buffer = asBuffer(message.#bytes);
    if (buffer.length < COPY_FREED_BYTES_MIN) return buffer;
    return Object.assign(buffer, { copy: (target: Uint8Array, at = 0) => message.#copyTo(target, at) });
  }

  /** No memory has all of it: of a Buffer it has what gRPC asks for. */
  #inTwo(head: Uint8Array): Buffer {
    const length = head.length + this.#bytes.length;
    const copy = (target: Uint8Array, at = 0): number => {
      target.set(head, at);
      return head.length + this.#copyTo(target, at + head.length);
    };
    return { length, byteLength: length, copy } as Buffer;
  }

  #copyTo(target: Uint8Array, at: number): number {
    this.#copy = target;
    target.set(this.#bytes, at);
    return this.#bytes.length;
  }

  /** The connection has taken it whole. */
  readonly written = (): void => {
    this.#written = true;
  };

  /** The other side has said that it is there: nobody reads the copy any more. */
  arrived(): void {
    const copy = this.#copy;
    this.#copy = undefined;
    // Memory that is larger than the copy has other users.
    if (copy?.buffer instanceof ArrayBuffer && this.#written && copy.byteLength === copy.buffer.byteLength)
      copy.buffer.transfer(0);
  }
}
