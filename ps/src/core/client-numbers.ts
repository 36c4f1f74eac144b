import type { ErrorDetail } from '@weir/proto/v1/common';
import type { ClientNumber } from './log-record.ts';

export type Admission =
  /** Next in order: it may be logged. */
  | { readonly kind: 'accepted' }
  /**
   * Seen before: not to be applied again. `pending`: admitted but not logged yet, so acknowledge it only together
   * with the log write that is under way. `refusal`: how it was settled, if it was refused.
   */
  | { readonly kind: 'duplicate'; readonly pending: boolean; readonly refusal: ErrorDetail | undefined }
  /** Too high: SEQUENCE_GAP. */
  | { readonly kind: 'gap'; readonly expected: number };

/** Two positions per (client id, incarnation): the last number admitted to the queue and the last one logged. */
export class ClientNumbers {
  /** Decides about a push that arrives; `accepted` takes the number. Call it after OVERLOADED was ruled out. */
  admit(_client: ClientNumber): Admission {
    throw new Error('not built yet');
  }

  /** The number stands in the log, applied (no error) or refused for good. Also for replay, where numbers need no admission. */
  logged(_client: ClientNumber, _error?: ErrorDetail): void {
    throw new Error('not built yet');
  }

  /** Last number logged; 0 for none. */
  last(_client: Pick<ClientNumber, 'id' | 'incarnation'>): number {
    throw new Error('not built yet');
  }

  /** What is logged, as bytes; what is only admitted is left out. */
  snapshot(): Uint8Array {
    throw new Error('not built yet');
  }

  /** @throws WeirError CORRUPT; CONFIGURATION for a newer format. */
  static restore(_bytes: Uint8Array): ClientNumbers {
    throw new Error('not built yet');
  }
}
