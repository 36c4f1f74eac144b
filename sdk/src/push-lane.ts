// Pushes of this client at one shard: exactly one stream, numbers from 1 without a hole. A push gets its number
// when it is first written. From then on it stays here until the shard has settled it, whatever its caller does
// meanwhile: a number once used must arrive, or nothing behind it would be accepted. Pushes without a number
// may be withdrawn.
import { randomUUID } from 'node:crypto';
import type { ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import { PUSHES_IN_FLIGHT_MAX, type PushFrame, WeirError } from '@weir/proto';
import {
  type ParameterServerClient,
  ParameterServerService,
  type PushResponse,
} from '@weir/proto/v1/parameter_server';
import { PUSH_BYTES_IN_FLIGHT_MAX, REQUEST_OVERHEAD_BYTES, WAITING_MAX } from './limits.ts';
import type { ShardPush } from './push-frames.ts';
import { decide, delay } from './retry.ts';
import type { ShardConnection } from './shard-connection.ts';
import { asBuffer, ShardStream, type StreamUser } from './shard-stream.ts';

/** How a push ended at a shard: applied at position `seq` or before, or refused whole. */
export type Settlement =
  | { readonly seq: number; readonly error?: undefined }
  | { readonly seq?: undefined; readonly error: WeirError };

/** A push in the lane. */
export interface LanePush {
  /** 0: not sent yet. */
  readonly number: number;
  readonly settled: Promise<Settlement>;
}

class Entry implements LanePush {
  readonly frames: readonly PushFrame[];
  readonly epoch: number;
  readonly bytes: number;
  readonly originTimeMs: number;
  readonly settled: Promise<Settlement>;
  readonly settle: (settlement: Settlement) => void;
  number = 0;

  constructor(push: ShardPush, originTimeMs: number) {
    this.frames = push.frames;
    this.epoch = push.epoch;
    this.bytes = push.bytes + REQUEST_OVERHEAD_BYTES;
    this.originTimeMs = originTimeMs;
    const { promise, resolve } = Promise.withResolvers<Settlement>();
    this.settled = promise;
    this.settle = resolve;
  }
}

export class PushLane implements StreamUser<Uint8Array, PushResponse> {
  readonly #stream: ShardStream<Uint8Array, PushResponse>;
  readonly #clientId: string;
  #incarnation = randomUUID();
  #lastNumber = 0;
  /** Without a number, in order of arrival. */
  readonly #waiting: Entry[] = [];
  /** With contiguous numbers, not settled. */
  #numbered: Entry[] = [];
  #bytesInFlight = 0;
  /** How many of `#numbered` the present stream has been given whole, counted from the front. */
  #written = 0;
  /** A push of which some frames are written and some are not. */
  #current: { entry: Entry; frame: number } | undefined;
  #greeted = false;
  /** Refusals for now since the last answer without one. */
  #refusals = 0;

  constructor(shard: ShardConnection, clientId: string) {
    this.#clientId = clientId;
    this.#stream = new ShardStream(shard, this);
  }

  /** For messages: the shard, and why it is away if it is. */
  get place(): string {
    return this.#stream.place;
  }

  /** Whether WAITING_MAX pushes wait already; then a new push must be refused before any part of it is sent. */
  get full(): boolean {
    return this.#waiting.length >= WAITING_MAX;
  }

  submit(push: ShardPush, originTimeMs: number): LanePush {
    const entry = new Entry(push, originTimeMs);
    this.#waiting.push(entry);
    this.#stream.wake();
    this.writable();
    return entry;
  }

  /** Takes a push back that was not sent; false when it has a number and must run its course. */
  withdraw(push: LanePush): boolean {
    const index = this.#waiting.indexOf(push as Entry);
    if (index >= 0) this.#waiting.splice(index, 1);
    return push.number === 0;
  }

  /** Waits until every push that has a number is settled. */
  async settled(): Promise<void> {
    await Promise.all(this.#numbered.map((entry) => entry.settled));
  }

  restart(): void {
    this.#stream.restart(0);
  }

  close(): void {
    this.refused(new WeirError('CANCELLED', 'the client is closed'));
    this.#stream.close();
  }

  open(client: ParameterServerClient, metadata: Metadata): ClientDuplexStream<Uint8Array, PushResponse> {
    const { path, responseDeserialize } = ParameterServerService.push;
    return client.makeBidiStreamRequest(path, asBuffer, responseDeserialize, metadata);
  }

  wanted(): boolean {
    return this.#numbered.length + this.#waiting.length > 0;
  }

  /** Everything with a number is sent again; what the shard has already is a duplicate there. */
  opened(): void {
    this.#written = 0;
    this.#current = undefined;
    this.#greeted = false;
  }

  writable(): void {
    while (this.#stream.ready) {
      this.#current ??= this.#next();
      if (this.#current === undefined) return;
      const { entry, frame } = this.#current;
      const moreFrames = frame + 1 < entry.frames.length;
      this.#current = moreFrames ? { entry, frame: frame + 1 } : undefined;
      this.#stream.write(
        entry.frames[frame]!.message({
          client: this.#greeted ? undefined : { id: this.#clientId, incarnation: this.#incarnation },
          number: entry.number,
          epoch: entry.epoch,
          moreFrames,
          originTimeMs: entry.originTimeMs,
        }),
      );
      this.#greeted = true;
    }
  }

  received(response: PushResponse): void {
    const first = this.#numbered[0]?.number ?? 0;
    let unused: { number: number; error: WeirError } | undefined;
    for (const { number, error: detail } of response.refusals) {
      const error = WeirError.fromDetail(detail!);
      // These leave the number unused; the shard takes nothing behind it before it comes again.
      if (error.code === 'SEQUENCE_GAP' || decide(error) === 'wait') unused ??= { number, error };
      else this.#numbered[number - first]?.settle({ error });
    }
    this.#settleThrough(response);
    if (unused === undefined) {
      this.#refusals = 0;
      this.writable();
      return;
    }
    if (unused.error.code === 'SEQUENCE_GAP' && unused.number === this.#numbered[0]?.number) this.#renew();
    this.#stream.restart(delay(++this.#refusals, unused.error.retryAfterMs, Math.random()));
  }

  refused(error: WeirError): void {
    for (const entry of [...this.#numbered, ...this.#waiting.splice(0)]) entry.settle({ error });
    this.#numbered = [];
    this.#bytesInFlight = 0;
    this.#renew();
  }

  #next(): { entry: Entry; frame: number } | undefined {
    if (this.#written === this.#numbered.length) {
      const entry = this.#waiting[0];
      if (entry === undefined) return undefined;
      if (this.#bytesInFlight > 0 && this.#bytesInFlight + entry.bytes > PUSH_BYTES_IN_FLIGHT_MAX)
        return undefined;
      if (this.#numbered.length === PUSHES_IN_FLIGHT_MAX) return undefined;
      this.#waiting.shift();
      entry.number = ++this.#lastNumber;
      this.#numbered.push(entry);
      this.#bytesInFlight += entry.bytes;
    }
    return { entry: this.#numbered[this.#written++]!, frame: 0 };
  }

  /** Takes settled pushes out; a refused one was settled before, and settling twice changes nothing. */
  #settleThrough({ through, seq }: PushResponse): void {
    let count = 0;
    for (const entry of this.#numbered) {
      if (entry.number > through) break;
      entry.settle({ seq });
      this.#bytesInFlight -= entry.bytes;
      count++;
    }
    this.#numbered.splice(0, count);
    this.#written = Math.max(0, this.#written - count);
  }

  /**
   * A gap before our oldest push means that the shard has forgotten numbers it acknowledged: its data is gone
   * (durability `memory`) or it forgot an idle client. What is unsettled is not in it, so it comes as new.
   */
  #renew(): void {
    this.#incarnation = randomUUID();
    this.#lastNumber = 0;
    for (const entry of this.#numbered) entry.number = ++this.#lastNumber;
  }
}
