// Frames of one push, put together again before anything is looked at. One stream has one assembly: the frames
// of a push arrive one after the other, under one number. Their parts are only collected here; parts of the
// same table are joined when the whole push is validated.
import { PUSH_BYTES_MAX, WeirError } from '@weir/proto';
import type { PushPart, PushRequest, SourceRange } from '@weir/proto/v1/parameter_server';
import { UID_LENGTH_MAX } from '../../core/limits.ts';
import { requireRanges } from '../../core/source-ranges.ts';
import { PUSH_PARTS_MAX, SOURCE_RANGE_BYTES } from '../../limits.ts';
import { PushTrace } from './push-trace.ts';

export interface WholePush {
  readonly number: number;
  readonly originTimeMs: number;
  /** Well-formed. */
  readonly sources: readonly SourceRange[];
  readonly parts: readonly PushPart[];
  /** Bytes that it holds: keys, values and source ranges. */
  readonly bytes: number;
  /** Why it was not kept; then `parts` is empty and `bytes` 0. */
  readonly error: WeirError | undefined;
  /** Of a sampled push. */
  readonly trace?: PushTrace | undefined;
}

export function frameBytes(frame: PushRequest): number {
  let bytes = 0;
  for (const part of frame.parts) bytes += part.keys.byteLength + part.values.byteLength;
  for (const { group, incarnation } of frame.sources) {
    bytes += SOURCE_RANGE_BYTES + group.length + incarnation.length;
  }
  return bytes;
}

export class PushAssembly {
  /** Of the first frame; not the frame itself, which would keep its whole message in memory. */
  #first: Pick<PushRequest, 'number' | 'originTimeMs'> | undefined;
  #parts: PushPart[] = [];
  #bytes = 0;
  #sources: SourceRange[] = [];
  #error: WeirError | undefined;
  #trace: PushTrace | undefined;

  /** Bytes held for the push under assembly. */
  get heldBytes(): number {
    return this.#bytes;
  }

  /** Keeps nothing of the push under assembly; it comes out with this error once its last frame is here. */
  abandon(error: WeirError): void {
    this.#error ??= error;
    this.#parts = [];
    this.#sources = [];
    this.#bytes = 0;
  }

  /**
   * The whole push if this was its last frame.
   * @throws WeirError INVALID_ARGUMENT when frames of two pushes are mixed.
   */
  add(frame: PushRequest): WholePush | undefined {
    const { number, originTimeMs } = frame;
    if (this.#first === undefined) {
      this.#first = { number, originTimeMs };
      this.#trace = PushTrace.ofMessage(frame.traceParent);
    }
    if (number !== this.#first.number) {
      throw new WeirError(
        'INVALID_ARGUMENT',
        `push ${number} begins before the last frame of push ${this.#first.number} has come`,
      );
    }
    if (this.#error === undefined) {
      for (const part of frame.parts) this.#parts.push(part);
      for (const range of frame.sources) this.#sources.push(range);
      this.#bytes += frameBytes(frame);
      // Uids are not among the bytes counted, and are repeated in refusals.
      if (frame.parts.some(({ tableUid }) => tableUid.length > UID_LENGTH_MAX)) {
        this.abandon(
          new WeirError('INVALID_ARGUMENT', `a table uid has at most ${UID_LENGTH_MAX} characters`),
        );
      }
      if (this.#bytes > PUSH_BYTES_MAX || this.#parts.length > PUSH_PARTS_MAX) {
        this.abandon(tooLarge(number));
      }
      if (!frame.moreFrames) this.#checkSources();
    }
    return frame.moreFrames ? undefined : this.#finish(this.#first);
  }

  #checkSources(): void {
    try {
      requireRanges(this.#sources);
    } catch (error) {
      this.abandon(WeirError.from(error));
    }
  }

  #finish({ number, originTimeMs }: Pick<PushRequest, 'number' | 'originTimeMs'>): WholePush {
    const push: WholePush = {
      number,
      originTimeMs,
      sources: this.#sources,
      parts: this.#parts,
      bytes: this.#bytes,
      error: this.#error,
      trace: this.#trace,
    };
    this.#first = undefined;
    this.#parts = [];
    this.#bytes = 0;
    this.#sources = [];
    this.#error = undefined;
    this.#trace = undefined;
    return push;
  }
}

function tooLarge(number: number): WeirError {
  return new WeirError(
    'PUSH_TOO_LARGE',
    `push ${number} has more than ${PUSH_BYTES_MAX} bytes of keys, values and source ranges, or ${PUSH_PARTS_MAX} parts, ` +
      'for one shard; split it',
  );
}
