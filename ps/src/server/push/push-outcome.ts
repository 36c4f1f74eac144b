// What became of a push, as its stream is told.
import type { WeirError } from '@weir/proto';
import type { ErrorDetail } from '@weir/proto/v1/common';
import type { SkippedRows } from '../../core/skipped-rows.ts';

export type PushOutcome =
  /** Its number is used up: applied (or a duplicate) when there is no refusal, else refused for good. */
  | {
      readonly kind: 'settled';
      readonly seq: number;
      readonly refusal: ErrorDetail | undefined;
      /** Rows that were passed over. */
      readonly skipped?: SkippedRows | undefined;
    }
  /** Its number is still free; the same push may come again under it. */
  | { readonly kind: 'turned away'; readonly error: WeirError };
