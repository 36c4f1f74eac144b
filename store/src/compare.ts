// The order of keys: unsigned bytes from the left, a prefix before its extensions.

export function compare(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}
