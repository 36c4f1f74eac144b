// Source offsets of one shard without an SDK, for this package's tests.
import { credentials, type ServiceError } from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import type { SourceRange } from '@weir/proto/v1/parameter_server';
import {
  type AcquireSourcesResponse,
  type DescribeSourcesResponse,
  type ResetSourcesResponse,
  SourcesClient,
} from '@weir/proto/v1/sources';

type Done<T> = (error: ServiceError | null, response: T) => void;

/** One group. */
export class RawSources {
  readonly #grpc: SourcesClient;
  readonly #group: string;

  constructor(address: string, group: string) {
    this.#grpc = new SourcesClient(address, credentials.createInsecure());
    this.#group = group;
  }

  acquire(
    generation: number,
    partitions: readonly number[],
    start = 0,
    incarnation = 'log',
  ): Promise<AcquireSourcesResponse> {
    const starts = partitions.map((partition) => ({ partition, incarnation, start }));
    const request = { group: this.#group, generation, partitions: starts };
    return promised((done) => this.#grpc.acquire(request, done));
  }

  describe(): Promise<DescribeSourcesResponse> {
    return promised((done) => this.#grpc.describe({ group: this.#group }, done));
  }

  reset(partitions: number[] = []): Promise<ResetSourcesResponse> {
    return promised((done) => this.#grpc.reset({ group: this.#group, partitions }, done));
  }

  /** How far partitions are applied, in their order. */
  async applied(): Promise<number[]> {
    return (await this.describe()).partitions.map(({ applied }) => applied);
  }

  range(partition: number, from: number, to: number, generation = 1): SourceRange {
    return { group: this.#group, partition, generation, from, to, incarnation: 'log' };
  }

  close(): void {
    this.#grpc.close();
  }
}

function promised<T>(call: (done: Done<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error === null ? resolve(response) : reject(WeirError.from(error))));
  });
}
