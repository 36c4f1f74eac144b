// Expected failures of a store. The store imports nothing of Weir's, so that callers map these to their own codes.

export type StoreErrorCode =
  /** Another process has the folder open. */
  | 'LOCKED'
  /** Stored data fails its checksum: the folder must be restored from a copy. */
  | 'CORRUPT'
  /** The operating system or the engine refused: no space, no permission, a closed store. */
  | 'FAILED'
  /** A shared library that the engine needs is missing on this machine. */
  | 'LIBRARY_MISSING';

export class StoreError extends Error {
  override readonly name: string = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
