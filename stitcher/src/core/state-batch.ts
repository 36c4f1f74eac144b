// The changes of one step as records of the state log, and back. A batch is cut into pieces that fit a record; one whose
// pieces are not all there (its writer died, or was fenced, in the middle) is dropped when the next one begins.
import {
  StitcherStateBatch,
  type StitcherStateChange,
  StitcherStateFamily,
  StitcherStateRecord,
} from '@weir/proto/v1/stitcher_state';

/** Put with a `value`, else a removal: of the keys up to `rangeEnd`, or of the key. */
export type StateChange = StitcherStateChange;
export type StateBatch = StitcherStateBatch;

/** Key spaces of the state; the log has their numbers. */
export const STATE_FAMILIES = {
  meta: StitcherStateFamily.META,
  requests: StitcherStateFamily.REQUESTS,
  templates: StitcherStateFamily.TEMPLATES,
  waiting: StitcherStateFamily.WAITING,
  spilled: StitcherStateFamily.SPILLED,
  outbox: StitcherStateFamily.OUTBOX,
} as const;

/** At least one record. */
export function encodeStateBatch(batch: StateBatch, pieceBytes: number): Uint8Array[] {
  const bytes = StitcherStateBatch.encode(batch).finish();
  const count = Math.max(1, Math.ceil(bytes.length / pieceBytes));
  return Array.from({ length: count }, (_, index) => {
    const piece = bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes);
    return StitcherStateRecord.encode({ index, count, piece }).finish();
  });
}

/** Puts batches together again, record by record in the order of the log. */
export class StateBatchReader {
  #pieces: Uint8Array[] = [];

  /** The batch that this record completes. @throws Error when it is no record of a state log. */
  add(record: Uint8Array): StateBatch | undefined {
    const { index, count, piece } = StitcherStateRecord.decode(record);
    if (index === 0) this.#pieces = [];
    // Its beginning was dropped with an older batch, or never read.
    if (index !== this.#pieces.length) return undefined;
    this.#pieces.push(piece);
    if (this.#pieces.length < count) return undefined;
    const bytes = count === 1 ? piece : Buffer.concat(this.#pieces);
    this.#pieces = [];
    return StitcherStateBatch.decode(bytes);
  }
}
