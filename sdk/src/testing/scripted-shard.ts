// A shard that keeps the protocol's rules and misbehaves on demand, over real gRPC: for what real shards do too
// rarely to test (overload, lost answers, changed routing, forgotten clients). Rows are sums; tests only.
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import {
  bytesOf,
  floatsFromBytes,
  keysFromBytes,
  packKeys,
  SLOT_COUNT,
  slotOf,
  unpackKeys,
  WeirError,
} from '@weir/proto';
import {
  type Delta,
  type GetRoutingRequest,
  type ListTablesResponse,
  ParameterServerService,
  type PullRequest,
  type PullResponse,
  type PushRequest,
  type PushResponse,
  type RoutingTable,
  type SkippedRows,
  type SubscribeRequest,
} from '@weir/proto/v1/parameter_server';
import { encodeSpec } from '../table-spec.ts';

/** Every table of a scripted shard: dim 1, sums. */
const SCRIPTED_TABLE = encodeSpec({ name: 'sums', dim: 1, optimizer: { kind: 'sum' } }, 'uid-sums', 0);

/**
 * `lose` applies the push and breaks the stream, `revoke` applies it and ends the stream, which it had let in, for its token;
 * `mute` applies it and says nothing; an error refuses it.
 */
export type Script = 'apply' | 'lose' | 'revoke' | 'mute' | WeirError;

export interface ScriptedPush extends Pick<PushRequest, 'originTimeMs' | 'sources'> {
  readonly keys: readonly bigint[];
}

type Unary<Request, Response> = ServerUnaryCall<Request, Response>;
type PullCall = ServerDuplexStream<PullRequest, PullResponse>;
export type SubscribeCall = ServerWritableStream<SubscribeRequest, Delta>;
type PushCall = ServerDuplexStream<PushRequest, PushResponse>;

/** Slot -> one of the shards, by a rule. */
export function scriptedRouting(
  epoch: number,
  shards: readonly { id: string; address: string }[],
  owner: (slot: number) => number,
): RoutingTable {
  const slots = Uint16Array.from({ length: SLOT_COUNT }, (_, slot) => owner(slot));
  return { epoch, shards: [...shards], slots: bytesOf(slots), hash: '' };
}

export class ScriptedShard {
  readonly id: string;
  address = '';
  /** What GetRouting says, and by which keys are refused as not owned. */
  routing: RoutingTable = { epoch: 0, shards: [], slots: new Uint8Array(0), hash: '' };
  /** Asked for each whole push that is next in order. */
  script: (number: number, keys: readonly bigint[]) => Script = () => 'apply';
  onSubscribe: (call: SubscribeCall) => void = () => {};
  readonly sums = new Map<bigint, number>();
  /** Numbers applied, by incarnation in order of appearance. */
  readonly applied = new Map<string, number[]>();
  readonly gaps: number[] = [];
  /** Every push applied, in order. */
  readonly pushes: ScriptedPush[] = [];
  /** What it says that it has passed over, though it has not, of every push that it answers. */
  skips: readonly Omit<SkippedRows, 'number'>[] = [];
  /** Ends every push stream with this error before it looks at a message. */
  turnsAway: WeirError | undefined;
  readonly tokens = new Set<string>();
  bytesReceived = 0;
  framesReceived = 0;
  #seq = 0;
  #last = new Map<string, number>();
  /** A refused push that comes again gets the same answer. */
  readonly #refused = new Map<string, WeirError>();
  #server = new Server();
  readonly #calls = new Set<PushCall>();

  constructor(id: string) {
    this.id = id;
  }

  /** @param port 0: a free one. */
  async listen(port = 0): Promise<void> {
    const server = new Server();
    server.addService(ParameterServerService, {
      getRouting: (call: Unary<GetRoutingRequest, RoutingTable>, callback: sendUnaryData<RoutingTable>) => {
        this.tokens.add(String(call.metadata.get('authorization')[0]));
        callback(null, this.routing);
      },
      listTables: (_call: unknown, callback: sendUnaryData<ListTablesResponse>) =>
        callback(null, { tables: [{ spec: SCRIPTED_TABLE, rows: this.sums.size, bytes: 0 }] }),
      pull: (call: PullCall) => {
        call.on('data', (request: PullRequest) => call.write(this.#pulled(request)));
        call.on('end', () => call.end());
      },
      subscribe: (call: SubscribeCall) => this.onSubscribe(call),
      push: (call: PushCall) => this.#servePush(call),
    });
    const bound = await new Promise<number>((resolve, reject) =>
      server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, on) =>
        error === null ? resolve(on) : reject(error),
      ),
    );
    this.#server = server;
    this.address = `127.0.0.1:${bound}`;
  }

  /** Breaks every connection; what was applied stays. */
  die(): void {
    this.#server.forceShutdown();
  }

  /** As after a restart without data: clients' numbers are gone. */
  forgetClients(): void {
    this.#last = new Map();
  }

  /** Acknowledges on every open stream what was applied so far. */
  acknowledge(): void {
    for (const call of this.#calls) {
      const through = Math.max(...this.#last.values());
      call.write({ through, seq: this.#seq, refusals: [], skipped: [] });
    }
  }

  #owns(low: number, high: number): boolean {
    const slots = new Uint16Array(this.routing.slots.slice().buffer);
    return this.routing.shards[slots[slotOf(low, high)]!]?.id === this.id;
  }

  #pulled(request: PullRequest): PullResponse {
    const { requestId } = request;
    const { epoch } = this.routing;
    const words = keysFromBytes(request.parts[0]!.keys);
    const refused: number[] = [];
    const values = Float32Array.from(unpackKeys(words), (key, i) => {
      if (this.#owns(words[2 * i]!, words[2 * i + 1]!)) return this.sums.get(key) ?? 0;
      refused.push(i);
      return 0;
    });
    const results = [{ values: bytesOf(values), refused: bytesOf(Uint32Array.from(refused)) }];
    return { requestId, epoch, results, error: undefined };
  }

  #servePush(call: PushCall): void {
    if (this.turnsAway !== undefined) {
      call.emit('error', this.turnsAway.toStatus());
      return;
    }
    let incarnation = '';
    let frames: PushRequest[] = [];
    let turnedAway: WeirError | undefined;
    this.#calls.add(call);
    call.on('close', () => this.#calls.delete(call));
    call.on('error', () => {});
    call.on('data', (frame: PushRequest) => {
      incarnation = frame.client?.incarnation ?? incarnation;
      frames.push(frame);
      this.framesReceived++;
      for (const { keys, values } of frame.parts) this.bytesReceived += keys.byteLength + values.byteLength;
      if (frame.moreFrames) return;
      const whole = frames;
      frames = [];
      turnedAway = this.#take(call, incarnation, whole, turnedAway);
    });
    call.on('end', () => call.end());
  }

  /** @returns why pushes behind this one are turned away, if they are. */
  #take(
    call: PushCall,
    incarnation: string,
    frames: readonly PushRequest[],
    turnedAway: WeirError | undefined,
  ): WeirError | undefined {
    const { number } = frames[0]!;
    const last = this.#last.get(incarnation) ?? 0;
    const refuse = (error: WeirError, through: number): void => {
      call.write({ through, seq: this.#seq, refusals: [{ number, error: error.toDetail() }], skipped: [] });
    };
    if (number <= last) {
      const refused = this.#refused.get(`${incarnation} ${number}`);
      if (refused !== undefined) refuse(refused, number);
      else call.write({ through: number, seq: this.#seq, refusals: [], skipped: [] });
      return undefined;
    }
    if (number > last + 1) {
      if (turnedAway === undefined) this.gaps.push(number);
      refuse(turnedAway ?? new WeirError('SEQUENCE_GAP', `expected ${last + 1}`), last);
      return turnedAway;
    }
    const what = this.script(number, keysOfFrames(frames));
    if (what instanceof WeirError) {
      const usesNumber = !what.retryable || what.code === 'NOT_OWNER';
      if (usesNumber) {
        this.#last.set(incarnation, number);
        this.#refused.set(`${incarnation} ${number}`, what);
      }
      refuse(what, usesNumber ? number : last);
      return usesNumber ? undefined : what;
    }
    this.#apply(incarnation, number, frames);
    const skipped = this.skips.map((rows) => ({ ...rows, number }));
    if (what === 'apply') call.write({ through: number, seq: this.#seq, refusals: [], skipped });
    if (what === 'revoke') {
      call.sendMetadata(new Metadata());
      call.emit(
        'error',
        new WeirError('UNAUTHENTICATED', 'the token is not known, or not any more').toStatus(),
      );
    }
    if (what === 'lose') {
      call.emit('error', { code: status.UNAVAILABLE, details: 'lost', metadata: new Metadata() });
    }
    return undefined;
  }

  #apply(incarnation: string, number: number, frames: readonly PushRequest[]): void {
    this.#last.set(incarnation, number);
    this.#seq++;
    const numbers = this.applied.get(incarnation) ?? [];
    this.applied.set(incarnation, numbers);
    numbers.push(number);
    const { originTimeMs } = frames[0]!;
    const sources = frames.flatMap((frame) => frame.sources);
    this.pushes.push({ keys: keysOfFrames(frames), originTimeMs, sources });
    for (const part of frames.flatMap((frame) => frame.parts)) {
      const values = floatsFromBytes(part.values);
      unpackKeys(keysFromBytes(part.keys)).forEach((key, i) => {
        this.sums.set(key, (this.sums.get(key) ?? 0) + values[i]!);
      });
    }
  }
}

function keysOfFrames(frames: readonly PushRequest[]): bigint[] {
  return frames.flatMap(({ parts }) => parts.flatMap(({ keys }) => [...unpackKeys(keysFromBytes(keys))]));
}

/** Keys 0, 1, 2, ... whose slots are owned by one of the shards by the rule given. */
export function keysOwnedBy(owner: number, count: number, rule: (slot: number) => number): BigUint64Array {
  const keys: bigint[] = [];
  for (let key = 0n; keys.length < count; key++) {
    const [low, high] = packKeys(BigUint64Array.of(key));
    if (rule(slotOf(low!, high!)) === owner) keys.push(key);
  }
  return BigUint64Array.from(keys);
}
