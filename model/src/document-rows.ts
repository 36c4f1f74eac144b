// Which documents a request's examples are, and which rows of its block they stand in.
import { DOCUMENTS_MAX } from '@weir/proto';
import type { ExampleInput } from './examples.ts';
import { malformed } from './wire-reader.ts';

export interface DocumentRows {
  readonly count: number;
  /** Document of each row of the block; -1: none. */
  readonly ofRow: Int32Array;
  /** Documents in the order of their rows. */
  readonly inRowOrder: Int32Array;
}

const IDENTITY = Int32Array.from({ length: DOCUMENTS_MAX }, (_, row) => row);

/** The one row of the context. */
export const CONTEXT: DocumentRows = { count: 1, ofRow: Int32Array.of(0), inRowOrder: Int32Array.of(0) };

/** @throws WeirError INVALID_ARGUMENT when rows, documents and ids do not agree. */
export function documentRows(input: ExampleInput, blockDocuments: number): DocumentRows {
  const { rows, docIds } = input;
  // A block without any feature need not be sent.
  const blockRows = input.features.byteLength === 0 ? (rows?.length ?? docIds.length) : blockDocuments;
  const count = rows === undefined ? blockRows : rows.length;
  if (count !== docIds.length) throw malformed(`${count} rows for ${docIds.length} documents`);
  if (count > DOCUMENTS_MAX) throw malformed(`${count} documents; at most ${DOCUMENTS_MAX}`);
  if (rows === undefined) return { count, ofRow: IDENTITY, inRowOrder: IDENTITY.subarray(0, count) };
  const ofRow = new Int32Array(blockRows).fill(-1);
  rows.forEach((row, document) => {
    if (row >= blockRows || ofRow[row] !== -1) {
      throw malformed(`row ${row} of ${blockRows} does not exist or is named twice`);
    }
    ofRow[row] = document;
  });
  return { count, ofRow, inRowOrder: ofRow.filter((document) => document >= 0) };
}
