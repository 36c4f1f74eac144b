// Samples with few distinct features, and how often each of them was made.
import { createExampleDecoder } from '@weir/model';
import { KeyIndex, type PackedKeys } from '@weir/proto';
import { prepareRequest } from '../core/prepare-request.ts';
import { readSampleRequest } from '../core/sample-request.ts';
import countingModel from './counting-model.ts';
import { encodedSample } from './sample-records.ts';

export class CountingSamples {
  readonly #model = countingModel({ schema: undefined, labels: ['click'] });
  readonly #decoder = createExampleDecoder(this.#model.schema);
  readonly #index = new KeyIndex();
  readonly #counts: number[] = [];
  #made = 0;

  /** Nothing below it follows. */
  get timeMs(): number {
    return 1_000 + 10 * this.#made;
  }

  make(requests: number): { readonly servingId: string; readonly value: Uint8Array }[] {
    return Array.from({ length: requests }, () => {
      const number = this.#made++;
      const servingId = `request-${number}`;
      const docs = Array.from({ length: 5 }, (_, i) => ({
        features: { name: `doc-${(number * 7 + i) % 40}` },
      }));
      const value = encodedSample({
        servingId,
        knownTimeMs: this.timeMs - 1,
        block: { context: { user: `user-${number % 6}` }, docs },
      });
      this.#count(value);
      return { servingId, value };
    });
  }

  counted(): { readonly keys: PackedKeys; readonly counts: readonly number[] } {
    return { keys: this.#index.keys.slice(), counts: this.#counts };
  }

  #count(value: Uint8Array): void {
    const request = readSampleRequest(
      value,
      { partition: 0, offset: 0 },
      ['click'],
      this.#model.schemaFingerprint,
    );
    const { examples, keys, targets } = prepareRequest(request, this.#model, this.#decoder, [1]).learning!;
    const rows = [new Float32Array(keys[0]!.length / 2)];
    const [gradients] = this.#model.gradients(this.#model.forward(examples, rows), targets);
    gradients!.forEach((count, i) => {
      const row = this.#index.insert(keys[0]![2 * i]!, keys[0]![2 * i + 1]!);
      this.#counts[row] = (this.#counts[row] ?? 0) + count;
    });
  }
}
