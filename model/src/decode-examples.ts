// An encoded FeatureBlock -> Examples, by a schema: the one place where trainer and predictor turn what was
// logged into hashed features. A decoder keeps nothing from one call to the next but its memory.
import { type BlockColumns, type Column, scanBlock } from './block-columns.ts';
import { addColumn } from './column-entries.ts';
import { decodeBySchema } from './decode-by-schema.ts';
import { CONTEXT, type DocumentRows, documentRows } from './document-rows.ts';
import { EntryBuffer } from './entry-buffer.ts';
import type { ExampleInput, Examples, Phase } from './examples.ts';
import { planFeatures } from './feature-plan.ts';
import type { Schema } from './schema.ts';
import { staticVectors } from './static-vectors.ts';
import { hashed, xxh64 } from './xxh64.ts';

/** Turns a request's logged features into hashed entries; trainer and predictor use the same one. */
export interface ExampleDecoder {
  /**
   * @throws WeirError INVALID_ARGUMENT naming the feature: malformed, or of another type or side than the schema's; when the
   *   static vectors are missing or of another width.
   */
  decode(input: ExampleInput, phase: Phase): Examples;
}

/** A decoder of a schema's inputs. @param staticWidth see `Model.staticWidth`; 0: static vectors are not looked at. */
export function createExampleDecoder(schema: Schema, staticWidth = 0): ExampleDecoder {
  const buffer = new EntryBuffer();
  const { features } = schema;
  const plans = features && planFeatures(features);
  return {
    decode(input, phase) {
      buffer.size = 0;
      const block = scanBlock(input.features);
      const documents = documentRows(input, block.documents);
      const statics = staticVectors(input.features, block, documents, staticWidth);
      const [shared, names] =
        plans === undefined
          ? decodeImplicit(buffer, input.features, block, documents, phase)
          : [decodeBySchema(buffer, input, block, documents, phase, plans), plans.names];
      return buffer.examples(shared, names, input.docIds, statics);
    },
  };
}

function decodeImplicit(
  buffer: EntryBuffer,
  bytes: Uint8Array,
  block: BlockColumns,
  documents: DocumentRows,
  phase: Phase,
): [shared: number, names: readonly string[]] {
  const names: string[] = [];
  const add = (column: Column, ofRow: Int32Array) => {
    xxh64(bytes, column.nameStart, column.nameEnd, 0, 0);
    const hashing = {
      feature: names.length,
      low: hashed[0]!,
      high: hashed[1]!,
      bounds: undefined,
      fallback: [],
    };
    addColumn(buffer, bytes, column, ofRow, hashing);
    names.push(column.name);
  };
  for (const column of block.columns) if (column.side === 'context') add(column, CONTEXT.ofRow);
  const shared = buffer.size;
  for (const column of block.columns) {
    if (column.side === 'document' || (column.side === 'exposure' && phase === 'train')) {
      add(column, documents.ofRow);
    }
  }
  return [shared, names];
}
