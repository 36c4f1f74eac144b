// Messages that travel as bytes which are there already, encoded once.

export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Of a method's definition: its answers are bytes. */
export const AS_BYTES = {
  responseSerialize: asBuffer,
  responseDeserialize: (bytes: Buffer): Uint8Array => bytes,
};
