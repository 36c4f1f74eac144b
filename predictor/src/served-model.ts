// One model as it is served: its version, its rows, its static part, all of which belong together. An answer is computed from one
// served model; when another takes its place, it is closed as soon as the answers under way are done.
import type { ExampleDecoder, Model, StaticPart } from '@weir/model';
import type { ModelVersion } from '@weir/proto/v1/common';
import type { RankRequest } from '@weir/proto/v1/predictor';
import type { DenseFollower } from './dense-follower.ts';
import type { FrozenArm } from './frozen-arm.ts';
import type { RowSource } from './row-source.ts';
import { addStaticVectors } from './static-part/add-static-vectors.ts';
import { staticFeeds } from './static-part/static-feeds.ts';
import type { StaticRunner } from './static-part/static-runner.ts';

export interface ServedModelOptions {
  readonly model: Model;
  readonly decoder: ExampleDecoder;
  /** But for the dense weights' step, and how new the rows are. */
  readonly version: ModelVersion;
  /** One per table of the model, in its order. */
  readonly sources: readonly RowSource[];
  /** Undefined for a model without a dense part. */
  readonly dense: DenseFollower | undefined;
  readonly frozen: FrozenArm | undefined;
  /** Undefined for a model without one. */
  readonly staticPart: { readonly part: StaticPart; readonly runner: StaticRunner } | undefined;
  /** Ends the following of rows and dense weights. */
  readonly following: AbortController;
}

export class ServedModel {
  readonly model: Model;
  readonly decoder: ExampleDecoder;
  readonly version: ModelVersion;
  readonly sources: readonly RowSource[];
  readonly dense: DenseFollower | undefined;
  readonly frozen: FrozenArm | undefined;
  readonly #staticPart: ServedModelOptions['staticPart'];
  readonly #following: AbortController;
  #answering = 0;
  readonly #idle = Promise.withResolvers<void>();
  #isRetired = false;

  constructor(options: ServedModelOptions) {
    this.model = options.model;
    this.decoder = options.decoder;
    this.version = options.version;
    this.sources = options.sources;
    this.dense = options.dense;
    this.frozen = options.frozen;
    this.#staticPart = options.staticPart;
    this.#following = options.following;
  }

  /** Whether every replica has what its shards have: then nothing is pulled for an answer. */
  get whole(): boolean {
    return this.sources.every(({ replica }) => replica.whole);
  }

  /** To be disposed of when the answer is done. */
  use(): Disposable {
    this.#answering++;
    return {
      [Symbol.dispose]: () => {
        this.#answering--;
        this.#look();
      },
    };
  }

  /** Features as they are scored and logged: with the static vectors behind. @throws WeirError as its parts do. */
  async inputs(request: RankRequest): Promise<RankRequest> {
    if (this.#staticPart === undefined) return request;
    const { part, runner } = this.#staticPart;
    const feeds = staticFeeds(part, this.model.schema, request);
    const vectors = await runner.run(feeds, request.docIds.length);
    return { ...request, features: addStaticVectors(request.features, vectors, runner.width) };
  }

  /** Closes it once no answer uses it. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    this.#look();
    await this.#idle.promise;
    await this.close();
  }

  async close(): Promise<void> {
    this.#following.abort();
    await this.#staticPart?.runner.close();
  }

  #look(): void {
    if (this.#isRetired && this.#answering === 0) this.#idle.resolve();
  }
}
