// One client's push stream: frames in, whole pushes to the pipeline, acknowledgements out.
// What it holds in memory is bounded; a push beyond the bound is turned away, and so is everything behind it,
// until the client sends the first one turned away again.
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { CLIENT_ID_LENGTH_MAX, PUSHES_IN_FLIGHT_MAX, WeirError } from '@weir/proto';
import type { PushClient, PushRequest, PushResponse } from '@weir/proto/v1/parameter_server';
import { accessOf, type CallAccess } from '@weir/runtime';
import type { ShardCounters } from '../counters.ts';
import type { OpenCalls } from '../open-calls.ts';
import { Acknowledgements } from './acknowledgements.ts';
import type { BytesInFlight, ShareOfBytes } from './bytes-in-flight.ts';
import { frameBytes, PushAssembly, type WholePush } from './frames.ts';
import { overloaded } from './overloaded.ts';
import type { PushOutcome } from './push-outcome.ts';
import type { PushPipeline } from './push-pipeline.ts';
import type { PushTurns } from './push-turns.ts';

export type PushCall = ServerDuplexStream<PushRequest, PushResponse>;

/** What takes the pushes of all clients. */
export interface PushParts {
  readonly pipeline: PushPipeline;
  readonly turns: PushTurns;
  readonly bytesInFlight: BytesInFlight;
  readonly counters: ShardCounters;
}

export function servePushStream(
  call: PushCall,
  shard: PushParts,
  calls: OpenCalls,
  patienceMs: number,
): void {
  const stream = new PushStream(call, shard, patienceMs);
  call.on('data', (frame: PushRequest) => stream.take(frame));
  call.on('drain', () => stream.drained());
  call.on('end', () => stream.finish());
  call.on('cancelled', () => stream.close());
  call.on('close', () => stream.close());
  calls.add(call, () => stream.stop());
}

/** @throws WeirError INVALID_ARGUMENT. */
export function requireClient(client: PushClient | undefined): PushClient {
  if (client === undefined || client.id === '' || client.incarnation === '') {
    const message = 'the first message of a push stream must name its client: id and incarnation';
    throw new WeirError('INVALID_ARGUMENT', message);
  }
  if (Math.max(client.id.length, client.incarnation.length) > CLIENT_ID_LENGTH_MAX) {
    const message = `a client's id and incarnation have at most ${CLIENT_ID_LENGTH_MAX} characters`;
    throw new WeirError('INVALID_ARGUMENT', message);
  }
  return client;
}

class PushStream {
  readonly #call: PushCall;
  readonly #shard: PushParts;
  readonly #patienceMs: number;
  readonly #access: CallAccess;
  readonly #acknowledgements: Acknowledgements;
  readonly #bytes: ShareOfBytes;
  readonly #assembly = new PushAssembly();
  #client: PushClient | undefined;
  #unsettled = 0;
  /** The highest number turned away, and why: a gap up to it is no defect of the client. */
  #turnedAway: { readonly through: number; readonly error: WeirError } | undefined;
  /** The lowest number turned away that has not come again: until then nothing behind it can be taken. */
  #awaited: number | undefined;
  #ended = false;
  #ending: WeirError | undefined;
  #closed = false;
  /** Runs while a push lacks frames. */
  #lacking: NodeJS.Timeout | undefined;

  constructor(call: PushCall, shard: PushParts, patienceMs: number) {
    this.#call = call;
    this.#shard = shard;
    this.#patienceMs = patienceMs;
    this.#access = accessOf(call);
    this.#bytes = shard.bytesInFlight.share();
    this.#acknowledgements = new Acknowledgements((response) => {
      const read = call.write(response);
      // A client that does not read its answers is not read either: refusals cannot pile up.
      if (!read) call.pause();
      return read;
    });
  }

  /** The client has read its answers. */
  drained(): void {
    this.#call.resume();
    this.#acknowledgements.drained();
  }

  take(frame: PushRequest): void {
    if (this.#closed || this.#ended) return;
    try {
      this.#client ??= requireClient(frame.client);
      // What waits below knows this of the frame, and not the frame: that would keep its memory.
      const { number } = frame;
      if (number < 1) throw new WeirError('INVALID_ARGUMENT', "a push's number counts from 1");
      const push = this.#assemble(frame);
      clearTimeout(this.#lacking);
      if (push !== undefined) this.#submit(this.#client, push);
      else this.#lacking = setTimeout(() => this.#givenUp(number), this.#patienceMs).unref();
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      this.#cut(error);
    }
  }

  /** The client sends no more; what it sent is still answered. */
  finish(): void {
    this.#ended = true;
    this.#releaseAssembly();
    this.#endIfDone();
  }

  /** The shard takes no more; what was taken is still answered. */
  stop(): void {
    this.#ending = new WeirError('UNAVAILABLE', 'the shard is stopping');
    this.finish();
  }

  /** Nobody listens any more. Pushes that have their number go on, those that wait for their turn do not. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#releaseAssembly();
    this.#shard.turns.drop(this, new WeirError('CANCELLED', 'the client is gone'));
  }

  #cut(error: WeirError): void {
    this.close();
    this.#call.emit('error', error.toStatus());
  }

  /** Half a push holds memory that others could use. */
  #givenUp(number: number): void {
    const { pipeline, bytesInFlight, counters } = this.#shard;
    counters.cutOff.push++;
    const message = `the last frame of push ${number} did not come within ${this.#patienceMs} ms of the one before`;
    const error = overloaded(message, bytesInFlight.retryAfterMs);
    pipeline.turnAway(error, () => this.#cut(error));
  }

  #assemble(frame: PushRequest): WholePush | undefined {
    let held = this.#assembly.heldBytes;
    const denied = this.#access.refusal(frame);
    if (denied !== undefined) this.#assembly.abandon(denied);
    else if (this.#bytes.take(frameBytes(frame), this.#unsettled === 0)) held += frameBytes(frame);
    else {
      const { retryAfterMs } = this.#shard.bytesInFlight;
      this.#assembly.abandon(overloaded('too many bytes of pushes are in flight', retryAfterMs));
    }
    let kept = 0;
    try {
      const push = this.#assembly.add(frame);
      kept = push === undefined ? this.#assembly.heldBytes : push.bytes;
      return push;
    } catch (error) {
      kept = this.#assembly.heldBytes;
      throw error;
    } finally {
      // An abandoned push gives back what its frames took; a frame of another push never joined it.
      this.#bytes.release(held - kept);
    }
  }

  #submit(client: PushClient, push: WholePush): void {
    this.#unsettled++;
    const { number, bytes, trace } = push;
    const settle = (outcome: PushOutcome) => {
      this.#bytes.release(bytes);
      trace?.settled(outcome);
      this.#settled(number, outcome);
    };
    const { pipeline, turns, bytesInFlight } = this.#shard;
    if (this.#awaited !== undefined && push.number > this.#awaited && this.#turnedAway !== undefined) {
      pipeline.turnAway(this.#turnedAway.error, settle);
      return;
    }
    if (push.number === this.#awaited) this.#awaited = undefined;
    if (push.error?.code === 'OVERLOADED') pipeline.turnAway(push.error, settle);
    else if (this.#unsettled > PUSHES_IN_FLIGHT_MAX) {
      const why = `${PUSHES_IN_FLIGHT_MAX} pushes of the stream are under way`;
      pipeline.turnAway(overloaded(why, bytesInFlight.retryAfterMs), settle);
    } else turns.submit(this, client, push, settle);
  }

  #settled(number: number, outcome: PushOutcome): void {
    this.#unsettled--;
    if (this.#closed) return;
    this.#acknowledgements.add(number, this.#explained(number, outcome));
    this.#endIfDone();
  }

  /** A gap behind a push that was turned away has that push's reason. */
  #explained(number: number, outcome: PushOutcome): PushOutcome {
    const earlier = this.#turnedAway;
    if (outcome.kind === 'settled') {
      if (earlier !== undefined && number >= earlier.through) this.#turnedAway = undefined;
      if (this.#awaited !== undefined && number >= this.#awaited) this.#awaited = undefined;
      return outcome;
    }
    const isGap = outcome.error.code === 'SEQUENCE_GAP';
    if (isGap && earlier === undefined) return outcome;
    const error = isGap && earlier !== undefined ? earlier.error : outcome.error;
    this.#turnedAway = { through: Math.max(number, earlier?.through ?? 0), error };
    this.#awaited = Math.min(number, this.#awaited ?? number);
    return { kind: 'turned away', error };
  }

  #endIfDone(): void {
    if (!this.#ended || this.#unsettled > 0 || this.#closed) return;
    this.#closed = true;
    this.#acknowledgements.finish();
    if (this.#ending === undefined) this.#call.end();
    else this.#call.emit('error', this.#ending.toStatus());
  }

  #releaseAssembly(): void {
    clearTimeout(this.#lacking);
    this.#bytes.release(this.#assembly.heldBytes);
    this.#assembly.abandon(new WeirError('CANCELLED', 'the stream has ended'));
  }
}
