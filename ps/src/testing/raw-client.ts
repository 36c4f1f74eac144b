// The protocol without an SDK, for this package's tests: unary calls as promises, streams as sent and received.
import {
  type ChannelCredentials,
  type ClientDuplexStream,
  credentials,
  type ServiceError,
} from '@grpc/grpc-js';
import { bytesOf, floatsFromBytes, MESSAGE_BYTES_MAX, packKeys, WeirError } from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import {
  type AlterTableResponse,
  type CreateTableRequest,
  type CreateTableResponse,
  type Delta,
  type DescribeShardResponse,
  type DropTableResponse,
  type ListTablesResponse,
  ParameterServerClient,
  type PullRequest,
  type PullResponse,
  type PushPart,
  type PushRequest,
  type PushResponse,
  type RoutingTable,
  type SubscribeRequest,
} from '@weir/proto/v1/parameter_server';
import { InitializerKind, OptimizerKind, TableSpec } from '@weir/proto/v1/tables';

type Callback<T> = (error: ServiceError | null, response: T) => void;

function promised<T>(call: (callback: Callback<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error === null ? resolve(response) : reject(WeirError.from(error))));
  });
}

export class RawClient {
  readonly grpc: ParameterServerClient;

  constructor(address: string, channel: ChannelCredentials = credentials.createInsecure()) {
    this.grpc = new ParameterServerClient(address, channel, {
      'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
      'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
      'grpc-node.flow_control_window': 8 * 1024 * 1024,
    });
  }

  create = (spec: CreateTableRequest['spec']): Promise<CreateTableResponse> =>
    promised((done) => this.grpc.createTable({ spec }, done));
  alter = (spec: TableSpec): Promise<AlterTableResponse> =>
    promised((done) => this.grpc.alterTable({ spec }, done));
  list = (): Promise<ListTablesResponse> => promised((done) => this.grpc.listTables({}, done));
  drop = (uid: string): Promise<DropTableResponse> => promised((done) => this.grpc.dropTable({ uid }, done));
  routing = (): Promise<RoutingTable> => promised((done) => this.grpc.getRouting({}, done));
  describe = (): Promise<DescribeShardResponse> => promised((done) => this.grpc.describeShard({}, done));
  pull = (request: PullRequest): Promise<PullResponse> =>
    promised((done) => this.grpc.pullOnce(request, done));
  push = (request: PushRequest): Promise<PushResponse> =>
    promised((done) => this.grpc.pushOnce(request, done));

  pushStream(): TestStream<PushRequest, PushResponse> {
    return new TestStream(this.grpc.push());
  }

  pullStream(): TestStream<PullRequest, PullResponse> {
    return new TestStream(this.grpc.pull());
  }

  /** Deltas until the loop is left. @throws WeirError */
  async *subscribe(request: SubscribeRequest): AsyncGenerator<Delta> {
    const call = this.grpc.subscribe(request);
    try {
      for await (const delta of call) yield delta as Delta;
    } catch (error) {
      throw WeirError.from(error);
    } finally {
      call.cancel();
    }
  }

  /** Current weights of keys, key by key. */
  async rows(tableUid: string, keys: readonly bigint[]): Promise<Float32Array> {
    const parts = [{ tableUid, keys: keyBytes(keys), encoding: ValueEncoding.F32 }];
    const response = await this.pull({ requestId: 1, epoch: 1, parts });
    return floatsFromBytes(response.results[0]!.values);
  }

  close(): void {
    this.grpc.close();
  }
}

/** Both directions of a stream; answers are kept until they are asked for. */
export class TestStream<Request, Response> {
  readonly #call: ClientDuplexStream<Request, Response>;
  readonly #responses: Response[] = [];
  #ended: WeirError | 'end' | undefined;
  #wake: (() => void) | undefined;

  constructor(call: ClientDuplexStream<Request, Response>) {
    this.#call = call;
    call.on('data', (response: Response) => {
      this.#responses.push(response);
      this.#wake?.();
    });
    call.on('error', (error: Error) => this.#end(WeirError.from(error)));
    call.on('end', () => this.#end('end'));
  }

  send(request: Request): void {
    this.#call.write(request);
  }

  /** Half-closes: answers still come. */
  end(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#call.cancel();
  }

  /** The next answer; undefined at the end of the stream. @throws WeirError with which the server ended it. */
  async next(): Promise<Response | undefined> {
    while (this.#responses.length === 0) {
      if (this.#ended === 'end') return undefined;
      if (this.#ended !== undefined) throw this.#ended;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#responses.shift();
  }

  #end(how: WeirError | 'end'): void {
    if (this.#ended === undefined || this.#ended === 'end') this.#ended = how;
    this.#wake?.();
  }
}

export function keyBytes(keys: readonly bigint[]): Uint8Array {
  return bytesOf(packKeys(BigUint64Array.from(keys)));
}

export function floatBytes(values: readonly number[]): Uint8Array {
  return bytesOf(Float32Array.from(values));
}

/** Table `default/NAME` with uid `uid-NAME`, its rows the sums of what was pushed. */
export function sumTable(name: string, dim: number): TableSpec {
  return tableSpec(name, dim, { kind: OptimizerKind.SUM });
}

export function tableSpec(name: string, dim: number, optimizer: object, initializer: object = {}): TableSpec {
  const none = TableSpec.decode(new Uint8Array(0));
  return {
    ...none,
    name: `default/${name}`,
    uid: `uid-${name}`,
    seed: 7,
    dim,
    optimizer: { ...NO_OPTIMIZER, ...optimizer },
    initializer: { ...NO_INITIALIZER, ...initializer },
  };
}

const NO_OPTIMIZER = {
  kind: OptimizerKind.SUM as OptimizerKind,
  learningRate: 0,
  initialAccumulator: 0,
  beta1: 0,
  beta2: 0,
  epsilon: 0,
  ftrlBeta: 0,
  l1: 0,
  l2: 0,
  momentum: 0,
};

const NO_INITIALIZER = {
  kind: InitializerKind.ZERO as InitializerKind,
  value: 0,
  low: 0,
  high: 0,
  mean: 0,
  standardDeviation: 0,
};

export function pushPart(tableUid: string, keys: readonly bigint[], values: readonly number[]): PushPart {
  return { tableUid, keys: keyBytes(keys), values: floatBytes(values), encoding: ValueEncoding.F32 };
}

export function pushRequest(number: number, parts: PushPart[], more: Partial<PushRequest> = {}): PushRequest {
  return {
    client: { id: 'test', incarnation: 'first' },
    number,
    epoch: 1,
    parts,
    moreFrames: false,
    sources: [],
    originTimeMs: 0,
    ...more,
  };
}
