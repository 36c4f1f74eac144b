// What a materialisation round leaves behind: the oldest position of the log that is still needed, and how much
// the pages below it must hold at least.
import { WeirError } from '@weir/proto';
import { z } from 'zod';
import { fromJson, toJson } from './families.ts';

export interface LowMark {
  /** Position of the oldest record kept; everything before it stands in pages. */
  readonly seq: number;
  /** Table uid -> rows that its pages held at the mark. Rows are never fewer later. */
  readonly rows: Readonly<Record<string, number>>;
}

export const FIRST_LOW_MARK: LowMark = { seq: 1, rows: {} };

const schema = z.object({
  seq: z.int().min(1),
  rows: z.record(z.string(), z.int().nonnegative()),
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
