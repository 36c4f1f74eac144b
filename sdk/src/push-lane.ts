// Pushes of this client at one shard: exactly one stream, numbers from 1 without a hole. A push gets its number
// when it is first written. From then on it stays here until the shard has settled it, whatever its caller does
// meanwhile: a number once used must arrive, or nothing behind it would be accepted. Pushes without a number
// may be withdrawn.
import { randomUUID } from 'node:crypto';
import type { ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import { PUSHES_IN_FLIGHT_MAX, WeirError } from '@weir/proto';
import {
  type ParameterServerClient,
  ParameterServerService,
  type PushResponse,
} from '@weir/proto/v1/parameter_server';
import type { ClientContext } from './client-context.ts';
import { LanePush, type PushListener, PushRecord } from './lane-push.ts';
import { REQUEST_OVERHEAD_BYTES, WAITING_MAX, WAITING_PUSH_BYTES_MAX } from './limits.ts';
import { OutgoingMessage } from './outgoing-message.ts';
import type { ShardPush } from './push-frames.ts';
import { atTheDoor, decide, delay } from './retry.ts';
import type { ShardConnection } from './shard-connection.ts';
import { ShardStream, type StreamUser } from './shard-stream.ts';
import { WaitingPushes } from './waiting-pushes.ts';

export class PushLane implements StreamUser<OutgoingMessage, PushResponse> {
  readonly #shard: ShardConnection;
  readonly #stream: ShardStream<OutgoingMessage, PushResponse>;
  readonly #context: ClientContext;
  #incarnation = randomUUID();
  #lastNumber = 0;
  readonly #waiting = new WaitingPushes();
  /** With contiguous numbers, not settled. */
  #numbered: PushRecord[] = [];
  #bytesInFlight = 0;
  /** How many of `#numbered` the present stream has been given whole, counted from the front. */
  #written = 0;
  /** A record of which some frames are written and some are not. */
  #current: { record: PushRecord; frame: number } | undefined;
  #greeted = false;
  /** Refusals for now since the last answer without one. */
  #refusals = 0;
  #lingering: NodeJS.Timeout | undefined;
  #idle: (() => void)[] = [];

  constructor(shard: ShardConnection, context: ClientContext) {
    this.#shard = shard;
    this.#context = context;
    this.#stream = new ShardStream(shard, this, context.metrics);
  }

  /** For messages: the shard, and why it is away if it is. */
  get place(): string {
    return this.#stream.place;
  }

  /** Whether too much waits already; then a new push must be refused before any part of it is sent. */
  get full(): boolean {
    return this.#waiting.length >= WAITING_MAX || this.#waiting.bytes >= WAITING_PUSH_BYTES_MAX;
  }

  submit(push: ShardPush, originTimeMs: number, listener: PushListener): LanePush {
    const nowMs = this.#context.pushes.lingerMs > 0 ? performance.now() : 0;
    const lanePush = new LanePush(push, originTimeMs, nowMs, listener);
    this.#waiting.add(lanePush);
    this.#stream.wake();
    this.writable();
    return lanePush;
  }

  /** Takes a push back that was not sent; false when it has a number and must run its course. */
  withdraw(push: LanePush): boolean {
    if (push.state !== 'waiting') return false;
    this.#waiting.remove(push);
    return true;
  }

  /** Waits until every push that was sent is settled. */
  async settled(): Promise<void> {
    if (this.wanted()) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  restart(): void {
    this.#stream.restart(0);
  }

  /** Calls have ended before: nobody is told. */
  close(): void {
    clearTimeout(this.#lingering);
    this.#stream.close();
    this.#waiting.clear();
    for (const { trace } of this.#numbered) trace?.end(new WeirError('CANCELLED', 'the client is closed'));
    this.#numbered = [];
    this.#inFlight(-this.#bytesInFlight);
  }

  open(client: ParameterServerClient, metadata: Metadata): ClientDuplexStream<OutgoingMessage, PushResponse> {
    const { path, responseDeserialize } = ParameterServerService.push;
    return client.makeBidiStreamRequest(path, OutgoingMessage.serialize, responseDeserialize, metadata);
  }

  wanted(): boolean {
    return this.#numbered.length + this.#waiting.length > 0;
  }

  /** Everything with a number is sent again; what the shard has already is a duplicate there. */
  opened(): void {
    for (const record of this.#numbered) record.sendAgain();
    this.#context.metrics.resentRecords += this.#numbered.length;
    this.#written = 0;
    this.#current = undefined;
    this.#greeted = false;
  }

  writable(): void {
    while (this.#stream.ready) {
      this.#current ??= this.#next();
      if (this.#current === undefined) return;
      const { record, frame } = this.#current;
      this.#current = frame + 1 < record.frames.length ? { record, frame: frame + 1 } : undefined;
      const client = this.#greeted
        ? undefined
        : { id: this.#context.clientId, incarnation: this.#incarnation };
      const message = record.outgoing(frame, client);
      this.#stream.write(message, message.written);
      this.#greeted = true;
    }
  }

  received(response: PushResponse): void {
    const first = this.#numbered[0]?.number ?? 0;
    let unused: { number: number; error: WeirError } | undefined;
    for (const { number, error: detail } of response.refusals) {
      const error = WeirError.fromDetail(detail!);
      this.#context.metrics.refused(error.code);
      // These leave the number unused; the shard takes nothing behind it before it comes again.
      if (error.code === 'SEQUENCE_GAP' || decide(error) === 'wait') unused ??= { number, error };
      else this.#refuse(this.#numbered[number - first], error);
    }
    for (const rows of response.skipped) this.#numbered[rows.number - first]?.skip(rows);
    this.#settleThrough(response);
    if (unused === undefined) {
      this.#refusals = 0;
      this.writable();
      return;
    }
    if (unused.error.code === 'SEQUENCE_GAP' && unused.number === this.#numbered[0]?.number) this.#renew();
    this.#stream.restart(delay(++this.#refusals, unused.error.retryAfterMs, Math.random()));
  }

  /**
   * What was sent may be applied, so it keeps its number and is sent again should the shard take us back. Only a
   * stream that was turned away at the door has surely brought nothing; one whose token was revoked later has not.
   */
  refused(error: WeirError, wasLetIn: boolean): void {
    this.#context.metrics.refused(error.code);
    const nothingCame = !wasLetIn && atTheDoor(error);
    const sent = nothingCame ? this.#numbered.filter((record) => record.sentBefore) : this.#numbered;
    const unsent = this.#numbered.slice(sent.length);
    this.#numbered = sent;
    this.#lastNumber -= unsent.length;
    this.#inFlight(-unsent.reduce((sum, { cost }) => sum + cost, 0));
    const refused = [...unsent.flatMap(({ members }) => members), ...this.#waiting.clear()];
    for (const { trace } of unsent) trace?.end(error);
    for (const push of refused) push.refused(error);
    for (const { members } of sent) for (const { listener } of members) listener.unknown(error);
    this.#tellIfIdle();
  }

  #next(): { record: PushRecord; frame: number } | undefined {
    if (this.#written === this.#numbered.length && !this.#numberNext()) return undefined;
    return { record: this.#numbered[this.#written++]!, frame: 0 };
  }

  /** Gives a number to what waits first, and to what may join it. */
  #numberNext(): boolean {
    const { first } = this.#waiting;
    if (first === undefined || this.#numbered.length === PUSHES_IN_FLIGHT_MAX) return false;
    const { batchRows, lingerMs, inFlightBytesMax } = this.#context.pushes;
    const room = inFlightBytesMax - this.#bytesInFlight - REQUEST_OVERHEAD_BYTES;
    if (this.#bytesInFlight > 0 && first.push.bytes > room) return false;
    const { pushes, growable } = this.#waiting.next(batchRows, room);
    if (growable && lingerMs > 0 && this.#lingers(first, lingerMs)) return false;
    for (const push of pushes) this.#waiting.remove(push);
    const record = new PushRecord(++this.#lastNumber, pushes, this.#context.memory);
    record.traceTo(this.#shard);
    this.#numbered.push(record);
    this.#inFlight(record.cost);
    this.#context.metrics.sent(record);
    return true;
  }

  #lingers({ arrivedAtMs }: LanePush, lingerMs: number): boolean {
    const restMs = arrivedAtMs + lingerMs - performance.now();
    if (restMs <= 0) return false;
    this.#lingering ??= setTimeout(() => {
      this.#lingering = undefined;
      this.writable();
    }, restMs);
    return true;
  }

  /** A number is used up. One of several pushes may be to blame for all, so each comes again by itself. */
  #refuse(record: PushRecord | undefined, error: WeirError): void {
    if (record === undefined || record.refused) return;
    record.refused = true;
    record.trace?.end(error);
    if (record.members.length === 1 || decide(error) === 'reroute') {
      for (const member of record.members) member.refused(error);
      return;
    }
    for (const member of record.members) member.alone = true;
    this.#waiting.putBack(record.members);
  }

  #settleThrough({ through, seq }: PushResponse): void {
    let count = 0;
    let bytes = 0;
    for (const record of this.#numbered) {
      if (record.number > through) break;
      count++;
      bytes += record.cost;
      if (record.refused) continue;
      record.trace?.end();
      for (const member of record.members) member.applied(seq, record.skipped);
      // A lost stream may still hold messages in its queues.
      if (!record.sentBefore && record !== this.#current?.record) record.release(this.#context.memory);
    }
    if (count === 0) return;
    this.#numbered.splice(0, count);
    this.#inFlight(-bytes);
    this.#written = Math.max(0, this.#written - count);
    this.#tellIfIdle();
  }

  #tellIfIdle(): void {
    if (!this.wanted()) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #inFlight(change: number): void {
    this.#bytesInFlight += change;
    this.#context.metrics.pushBytesInFlight += change;
  }

  /**
   * A gap before our oldest push means that the shard has forgotten numbers it acknowledged: its data is gone
   * (durability `memory`) or it forgot an idle client. What is unsettled is not in it, so it comes as new.
   */
  #renew(): void {
    this.#incarnation = randomUUID();
    this.#lastNumber = 0;
    for (const record of this.#numbered) record.number = ++this.#lastNumber;
  }
}
