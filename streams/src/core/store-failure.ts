// The store's errors in Weir's codes.
import { type ErrorCode, WeirError } from '@weir/proto';
import { StoreError, type StoreErrorCode } from '@weir/store';

const CODES: Record<StoreErrorCode, ErrorCode> = {
  LOCKED: 'CONFIGURATION',
  LIBRARY_MISSING: 'CONFIGURATION',
  CORRUPT: 'CORRUPT',
  FAILED: 'STORAGE_FAILED',
};

/** Any thrown value as a WeirError, a store's failure under its own code. */
export function weirErrorOf(error: unknown): WeirError {
  if (!(error instanceof StoreError)) return WeirError.from(error);
  return new WeirError(CODES[error.code], error.message, { cause: error });
}
