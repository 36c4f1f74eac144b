// Where a value stands that is in a blob file: what the engine keeps in its place.

export interface BlobRef {
  readonly file: number;
  /** Of its first byte. */
  readonly at: number;
  readonly bytes: number;
}

/** Where the next value may begin: views of numbers want it. */
const ALIGNED = 8;

/** "blob" */
const MAGIC = 0x626c_6f62;
/** u32 magic, f64 file, f64 at, u32 bytes. */
export const BLOB_REF_BYTES = 24;

export function encodeBlobRef({ file, at, bytes }: BlobRef): Uint8Array {
  const view = new DataView(new ArrayBuffer(BLOB_REF_BYTES));
  view.setUint32(0, MAGIC);
  view.setFloat64(4, file);
  view.setFloat64(12, at);
  view.setUint32(20, bytes);
  return new Uint8Array(view.buffer);
}

/** Undefined for a value that the engine itself holds, as it did before its family had blob files. */
export function decodeBlobRef(stored: Uint8Array): BlobRef | undefined {
  if (stored.byteLength !== BLOB_REF_BYTES) return undefined;
  const view = new DataView(stored.buffer, stored.byteOffset, BLOB_REF_BYTES);
  if (view.getUint32(0) !== MAGIC) return undefined;
  return { file: view.getFloat64(4), at: view.getFloat64(12), bytes: view.getUint32(20) };
}

/** Bytes that a value takes in its file. */
export function alignedBytes(bytes: number): number {
  return Math.ceil(bytes / ALIGNED) * ALIGNED;
}
