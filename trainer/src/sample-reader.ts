// From records of the samples stream to requests that can be learned. A record of which nothing can be learned is left
// out, with its reason counted: whatever it holds, it never stops the trainer.
import { createExampleDecoder, type Model } from '@weir/model';
import { sampledIn, WeirError } from '@weir/proto';
import type { StreamRecord } from '@weir/streams/client';
import { type PreparedRequest, prepareRequest } from './core/prepare-request.ts';
import type { SampleRatios } from './core/sample-ratio.ts';
import {
  type RecordPlace,
  type Refusal,
  RefusedRecord,
  readSampleRequest,
  type SampleRequest,
} from './core/sample-request.ts';

export type OnRefused = (refusal: Refusal, place: string, message: string) => void;

export class SampleReader {
  readonly #model: Model;
  readonly #ratios: SampleRatios;
  readonly #onRefused: OnRefused;
  readonly #decoder: ReturnType<typeof createExampleDecoder>;

  constructor(model: Model, ratios: SampleRatios, onRefused: OnRefused) {
    this.#model = model;
    this.#ratios = ratios;
    this.#onRefused = onRefused;
    this.#decoder = createExampleDecoder(model.schema, model.staticWidth);
  }

  /** Undefined: left out. */
  read(record: StreamRecord, partition: number): SampleRequest | undefined {
    const { labels, schemaFingerprint, staticHash } = this.#model;
    const place = { partition, offset: record.offset };
    try {
      const request = readSampleRequest(record.value, place, labels, schemaFingerprint, staticHash);
      const trace = sampledIn(record.headers);
      return trace === undefined ? request : { ...request, trace };
    } catch (error) {
      if (!(error instanceof RefusedRecord)) throw error;
      this.#refused(error.refusal, place, error);
      return undefined;
    }
  }

  /** Undefined: left out. @throws WeirError CONFIGURATION when it is the model that is wrong. */
  prepare(request: SampleRequest): PreparedRequest | undefined {
    try {
      return prepareRequest(request, this.#model, this.#decoder, this.#ratios);
    } catch (thrown) {
      const error = WeirError.from(thrown);
      if (error.code === 'CONFIGURATION') throw error;
      this.#refused('malformed', request, error);
      return undefined;
    }
  }

  #refused(refusal: Refusal, place: RecordPlace, error: Error): void {
    this.#onRefused(refusal, placeOf(place), error.message);
  }
}

/** For messages. */
export function placeOf({ partition, offset }: RecordPlace): string {
  return `record ${partition}/${offset}`;
}
