// Memory of a large message that has come. gRPC joins its pieces into memory of its own for each message; that is garbage as
// soon as the bytes are copied to where they belong, and V8 counts it: left to the collector, traffic at full speed starts a full
// collection every few dozen messages (ADR 0011 is about the same on the way out).

/** Smaller messages lie in memory that Node shares between them. */
const FREED_BYTES_MIN = 32 * 1024;
/** gRPC's prefix, a tag and a length: what may stand before a field that is all of a message. */
const HEAD_BYTES_MAX = 16;

/**
 * Frees the memory of a message that has nothing but these bytes; does nothing about others, or where gRPC should hand messages out
 * as parts of larger memory one day. The bytes are gone afterwards.
 * @param data of a decoded message, which nobody looks at any more.
 */
export function freeReceived({ buffer, byteOffset, byteLength }: Uint8Array): void {
  const whole = byteOffset <= HEAD_BYTES_MAX && byteOffset + byteLength === buffer.byteLength;
  if (whole && byteLength >= FREED_BYTES_MIN && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
