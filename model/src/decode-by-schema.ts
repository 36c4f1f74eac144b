// Entries of a request by a schema's features: columns where the block has them, record fields, defaults, crosses.
import type { BlockColumns, Column } from './block-columns.ts';
import { addColumn, addFallback, addString } from './column-entries.ts';
import { addCross, type CrossPart } from './cross-entries.ts';
import { CONTEXT, type DocumentRows } from './document-rows.ts';
import type { EntryBuffer } from './entry-buffer.ts';
import type { ExampleInput, Phase } from './examples.ts';
import type { FeaturePlan, FeaturePlans } from './feature-plan.ts';
import { malformed } from './wire-reader.ts';

/** Fills the buffer; returns how many entries are shared. */
export function decodeBySchema(
  buffer: EntryBuffer,
  input: ExampleInput,
  block: BlockColumns,
  documents: DocumentRows,
  phase: Phase,
  plans: FeaturePlans,
): number {
  const columns = columnsOf(block, plans);
  const parts = new Map<string, CrossPart>();
  let shared = 0;
  for (const plan of plans.inOrder) {
    const at = buffer.size;
    const rows = plan.side === 'context' ? CONTEXT : documents;
    const column = columns.get(plan.name);
    if (plan.parts !== undefined) {
      const own = plan.parts.map((name) => ({ ...parts.get(name)! }));
      for (const document of rows.inRowOrder) addCross(buffer, own, document, plan, plan.feature);
    } else if (plan.source !== undefined) {
      for (const document of rows.inRowOrder) addSource(buffer, input, document, plan);
    } else if (column !== undefined && (plan.side !== 'exposure' || phase === 'train')) {
      addColumn(buffer, input.features, column, rows.ofRow, plan);
    } else {
      for (const document of rows.inRowOrder) addFallback(buffer, document, plan);
    }
    parts.set(plan.name, { at, end: buffer.size, shared: plan.side === 'context' });
    if (plan.side === 'context') shared = buffer.size;
  }
  return shared;
}

function addSource(buffer: EntryBuffer, input: ExampleInput, document: number, plan: FeaturePlan): void {
  const value =
    plan.source === 'id' ? input.docIds[document]! : plan.source === 'user' ? input.user : input.scene;
  if (value === '') addFallback(buffer, document, plan);
  else addString(buffer, value, document, plan);
}

/** The block's columns that the schema names; others are somebody else's. */
function columnsOf(block: BlockColumns, plans: FeaturePlans): Map<string, Column> {
  const columns = new Map<string, Column>();
  for (const column of block.columns) {
    const plan = plans.byName.get(column.name);
    if (plan === undefined || plan.parts !== undefined || plan.source !== undefined) continue;
    if (column.side !== plan.side || column.type !== plan.type) {
      throw malformed(
        `feature "${plan.name}" is ${plan.type} on the side ${plan.side} in the schema, but ${column.type} on the side ${column.side} here`,
      );
    }
    if (columns.has(column.name)) throw malformed(`feature "${plan.name}" has two columns`);
    columns.set(column.name, column);
  }
  return columns;
}
