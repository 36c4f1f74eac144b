// What a static part is fed with for one request: the features that it names, out of the block that the caller sent, or out of the
// record's fields where the schema says so. What is missing is the feature's default, an empty string or 0.
import type { Feature, Schema, StaticInput, StaticPart } from '@weir/model';
import { WeirError } from '@weir/proto';
import { FeatureBlock, type FeatureColumn } from '@weir/proto/v1/features';
import type { RankRequest } from '@weir/proto/v1/predictor';

/** One input: values of a request's documents, or one of its context. */
export interface StaticFeed {
  readonly name: string;
  readonly values: readonly string[] | Float32Array;
}

/** @throws WeirError CONFIGURATION naming an input that is no feature of the schema, or none that is known before the showing. */
export function requireInputs({ inputs }: StaticPart, { features }: Schema): void {
  for (const input of inputs) {
    // Without a schema every name is a feature.
    if (features === undefined) continue;
    const feature = features.find(({ name }) => name === input.name);
    const wrong = feature === undefined ? 'which is no feature of the schema' : whatIsWrong(input, feature);
    if (wrong === undefined) continue;
    throw new WeirError('CONFIGURATION', `the static part takes "${input.name}", ${wrong}`);
  }
}

function whatIsWrong(input: StaticInput, { type, side, transform }: Feature): string | undefined {
  if (transform.kind === 'cross') return 'which is a cross';
  if (type !== input.type || side !== input.side) {
    return `${input.type} on the side ${input.side}; in the schema it is ${type} on the side ${side}`;
  }
  return undefined;
}

/** @throws WeirError INVALID_ARGUMENT when the block cannot be decoded, or a feature is of another type. */
export function staticFeeds(
  { inputs }: StaticPart,
  { features }: Schema,
  request: RankRequest,
): StaticFeed[] {
  let block: FeatureBlock;
  try {
    block = FeatureBlock.decode(request.features);
  } catch (error) {
    const message = `rank request: features: ${(error as Error).message}`;
    throw new WeirError('INVALID_ARGUMENT', message, { cause: error });
  }
  return inputs.map((input) => {
    const feature = features?.find(({ name }) => name === input.name);
    const count = input.side === 'context' ? 1 : request.docIds.length;
    const column = block[input.side].find(({ name }) => name === input.name);
    const fallback = feature?.default;
    if (feature?.source !== undefined) {
      const text = feature.source === 'user' ? request.user : request.scene;
      const missing = typeof fallback === 'string' ? fallback : '';
      return { name: input.name, values: feature.source === 'id' ? request.docIds : [text || missing] };
    }
    if (input.type === 'categorical') {
      const values = new Array<string>(count).fill(typeof fallback === 'string' ? fallback : '');
      if (column !== undefined)
        eachRow(column, count, column.categorical.length, input, (row, at) => {
          values[row] = column.categorical[at]!;
        });
      return { name: input.name, values };
    }
    const values = new Float32Array(count).fill(typeof fallback === 'number' ? fallback : 0);
    if (column !== undefined) {
      const { buffer, byteOffset, byteLength } = column.numeric;
      const numbers = new DataView(buffer, byteOffset, byteLength);
      eachRow(column, count, byteLength / 8, input, (row, at) => {
        values[row] = numbers.getFloat64(8 * at, true);
      });
    }
    return { name: input.name, values };
  });
}

/** Visits the present rows of a column, with the place of their value. @throws WeirError INVALID_ARGUMENT before any of them. */
function eachRow(
  { present }: FeatureColumn,
  count: number,
  values: number,
  { name, type }: StaticInput,
  visit: (row: number, at: number) => void,
): void {
  const isPresent = (row: number) =>
    present.byteLength === 0 || ((present[row >>> 3]! >>> (row & 7)) & 1) === 1;
  const rows = Array.from({ length: count }, (_, row) => row).filter(isPresent);
  if (rows.length !== values) {
    const message = `rank request: the static part takes ${type} "${name}": ${values} values for ${rows.length} rows`;
    throw new WeirError('INVALID_ARGUMENT', message);
  }
  rows.forEach(visit);
}
