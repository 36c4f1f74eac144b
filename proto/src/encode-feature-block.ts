// Plain objects -> an encoded FeatureBlock. Columns stand in the order in which their names first appear. A name
// that has a string in one document and a number in another gets a column of each type.
import { bytesOf } from './keys.ts';
import { DOCUMENTS_MAX, FEATURES_MAX } from './limits.ts';
import { WeirError } from './weir-error.ts';
import { WireWriter } from './wire-writer.ts';

type FeatureSide = 'context' | 'document' | 'exposure';
type FeatureType = 'categorical' | 'numeric' | 'multi-valued';
/** Categorical, numeric, multi-valued. */
export type FeatureValue = string | number | readonly string[];

/** Values by the name of their feature; what is not known is left out. */
export type FeatureValues = Readonly<Record<string, FeatureValue>>;

/** The features of one request, as people write them. */
export interface FeatureBlockInput {
  readonly context?: FeatureValues;
  readonly docs: readonly {
    /** Not encoded: ids stand beside the block, in the same order. */
    readonly id?: string;
    readonly features?: FeatureValues;
    readonly exposure?: FeatureValues;
  }[];
}

interface Column {
  readonly name: string;
  readonly type: FeatureType;
  /** Rows present, ascending. */
  readonly rows: number[];
  readonly strings: string[];
  readonly numbers: number[];
  readonly counts: number[];
}

/** Field numbers of FeatureBlock, as tags of length-delimited fields. */
const SIDE_TAGS = { context: 0x12, document: 0x1a, exposure: 0x22 } as const;

/**
 * @throws WeirError INVALID_ARGUMENT naming the feature and document of a value that is neither a string, a
 *   finite number nor an array of strings.
 */
export function encodeFeatureBlock(input: FeatureBlockInput): Uint8Array<ArrayBuffer> {
  const documents = input.docs.length;
  if (documents > DOCUMENTS_MAX) {
    throw new WeirError(
      'INVALID_ARGUMENT',
      `${documents} documents in one request; at most ${DOCUMENTS_MAX}`,
    );
  }
  const context = new Columns('context');
  const document = new Columns('document');
  const exposure = new Columns('exposure');
  if (input.context !== undefined) context.add(0, input.context);
  input.docs.forEach((doc, row) => {
    if (doc.features !== undefined) document.add(row, doc.features);
    if (doc.exposure !== undefined) exposure.add(row, doc.exposure);
  });
  block.clear();
  if (documents > 0) {
    block.varint(0x08);
    block.varint(documents);
  }
  context.write(1);
  document.write(documents);
  exposure.write(documents);
  return block.written.slice();
}

// Reused from call to call: encoding never awaits.
const block = new WireWriter(4096);
const body = new WireWriter(1024);

class Columns {
  readonly #side: FeatureSide;
  readonly #columns: Column[] = [];
  readonly #byName = new Map<string, Column>();

  constructor(side: FeatureSide) {
    this.#side = side;
  }

  add(row: number, values: FeatureValues): void {
    for (const name in values) {
      const value = values[name];
      if (typeof value === 'string') {
        const column = this.#column(name, 'categorical');
        column.rows.push(row);
        column.strings.push(value);
      } else if (typeof value === 'number' && Number.isFinite(value)) {
        const column = this.#column(name, 'numeric');
        column.rows.push(row);
        column.numbers.push(value);
      } else if (isStrings(value)) {
        const column = this.#column(name, 'multi-valued');
        column.rows.push(row);
        column.counts.push(value.length);
        for (const one of value) column.strings.push(one);
      } else {
        throw new WeirError('INVALID_ARGUMENT', this.#wrongValue(name, row, value));
      }
    }
  }

  write(rows: number): void {
    for (const column of this.#columns) {
      body.clear();
      body.string(0x0a, column.name);
      if (column.type === 'categorical') for (const value of column.strings) body.string(0x12, value);
      if (column.type === 'numeric') body.bytes(0x1a, bytesOf(Float64Array.from(column.numbers)));
      if (column.type === 'multi-valued') {
        for (const value of column.strings) body.string(0x22, value);
        body.bytes(0x2a, bytesOf(Uint32Array.from(column.counts)));
      }
      if (column.rows.length < rows) body.bytes(0x32, presentBits(column.rows, rows));
      block.bytes(SIDE_TAGS[this.#side], body.written);
    }
  }

  #column(name: string, type: FeatureType): Column {
    const first = this.#byName.get(name);
    if (first?.type === type) return first;
    const found = first && this.#columns.find((column) => column.name === name && column.type === type);
    if (found !== undefined) return found;
    if (name === '') throw new WeirError('INVALID_ARGUMENT', `a ${this.#side} feature has an empty name`);
    if (this.#columns.length === FEATURES_MAX) {
      throw new WeirError(
        'INVALID_ARGUMENT',
        `more than ${FEATURES_MAX} ${this.#side} features in a request`,
      );
    }
    const column: Column = { name, type, rows: [], strings: [], numbers: [], counts: [] };
    this.#columns.push(column);
    if (first === undefined) this.#byName.set(name, column);
    return column;
  }

  #wrongValue(name: string, row: number, value: unknown): string {
    const where = this.#side === 'context' ? 'the context' : `document ${row}`;
    const what = typeof value === 'number' ? String(value) : JSON.stringify(value);
    return `feature "${name}" of ${where} is ${what}; it must be a string, a finite number or an array of strings (leave it out if it is unknown)`;
  }
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

/** A bit per row, lowest bit first. */
function presentBits(present: readonly number[], rows: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(rows / 8));
  for (const row of present) bits[row >>> 3]! |= 1 << (row & 7);
  return bits;
}
