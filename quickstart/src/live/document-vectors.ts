// What the model holds of one document: the rows that a request for it alone would be scored with.
import { createExampleDecoder, type ExampleDecoder, type Model, qualifiedTableName } from '@weir/model';
import { unpackKeys } from '@weir/proto';
import type { Weir } from '@weir/sdk';
import { VECTORS_SHOWN_MAX } from '../limits.ts';
import type { DocumentLook, VectorLook } from './live-look.ts';

export interface DocumentVectorsOptions {
  readonly weir: Weir;
  readonly model: Model;
  readonly tableSet: string;
  /** The encoded feature block of a request for this document alone, of which nothing else is known. */
  readonly featuresOf: (id: string) => Uint8Array;
}

export class DocumentVectors {
  readonly #options: DocumentVectorsOptions;
  readonly #decoder: ExampleDecoder;

  constructor(options: DocumentVectorsOptions) {
    this.#options = options;
    this.#decoder = createExampleDecoder(options.model.schema);
  }

  /** @throws WeirError UNAVAILABLE, DEADLINE_EXCEEDED, TABLE_NOT_FOUND when the shards do not give the rows. */
  async look(id: string): Promise<Omit<DocumentLook, 'requests'>> {
    const { weir, model, tableSet, featuresOf } = this.#options;
    const input = { features: featuresOf(id), user: '', scene: '', docIds: [id] };
    const examples = this.#decoder.decode(input, 'serve');
    const keys = model.keys(examples);
    const rows = await Promise.all(
      model.tables.map(async (definition, index) => {
        const table = await weir.table(qualifiedTableName(tableSet, definition));
        return await table.pull(keys[index]!);
      }),
    );
    const { probabilities } = model.forward(examples, rows);
    const vectors = model.tables.flatMap(({ name, dim }, index): VectorLook[] =>
      Array.from(unpackKeys(keys[index]!), (key, row) => ({
        table: name,
        key: key.toString(16).padStart(16, '0'),
        weights: [...rows[index]!.subarray(row * dim, (row + 1) * dim)],
      })),
    );
    return {
      id,
      probabilities: Object.fromEntries(
        model.labels.map((label, index) => [label, probabilities[index]![0]!]),
      ),
      vectors: vectors.slice(0, VECTORS_SHOWN_MAX),
    };
  }
}
