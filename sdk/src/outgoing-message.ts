// A message on its way through gRPC, and the memory that gRPC copies it into. That copy is garbage as soon as it is
// sent, and V8 counts its bytes: left to the collector, pushes at full speed start a full collection every 100 of them,
// which costs half as much CPU as everything else that the client does for them. So the copy is freed as soon as the message
// has arrived (ADR 0011). Should gRPC make its copy in another way one day, the collector gets it, as before.
import { COPY_FREED_BYTES_MIN } from './limits.ts';
import { asBuffer } from './shard-stream.ts';

export class OutgoingMessage {
  readonly #bytes: Uint8Array;
  #copy: Uint8Array | undefined;
  #written = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** gRPC's serialiser: what it returns tells us where it is copied. */
  static serialize(this: void, message: OutgoingMessage): Buffer {
    const buffer = asBuffer(message.#bytes);
    if (buffer.length < COPY_FREED_BYTES_MIN) return buffer;
    return Object.assign(buffer, {
      copy(target: Uint8Array, at = 0): number {
        message.#copy = target;
        target.set(message.#bytes, at);
        return message.#bytes.length;
      },
    });
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
