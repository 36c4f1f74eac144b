// What a materialisation round leaves behind: the oldest position of the log that is still needed, and which
// pages there are at least.
import { WeirError } from '@weir/proto';
import { z } from 'zod';
import { fromJson, toJson } from './families.ts';

export interface LowMark {
  /** Position of the oldest record kept; everything before it stands in pages. */
  readonly seq: number;
  /** Table uid -> pages of each stripe that were stored at the mark. Pages are never fewer later. */
  readonly pages: Readonly<Record<string, readonly number[]>>;
}

export const FIRST_LOW_MARK: LowMark = { seq: 1, pages: {} };

const schema = z.object({
  seq: z.int().min(1),
  pages: z.record(z.string(), z.array(z.int().nonnegative())),
});

export function encodeLowMark(mark: LowMark): Uint8Array {
  return toJson(mark);
}

/** @throws WeirError CORRUPT. */
export function decodeLowMark(bytes: Uint8Array): LowMark {
  try {
    return schema.parse(fromJson(bytes));
  } catch (cause) {
    throw new WeirError('CORRUPT', "the log's low mark cannot be read; restore the folder from a copy", {
      cause,
    });
  }
}
