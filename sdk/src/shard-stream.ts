// One bidirectional stream to one shard that comes back by itself. It keeps no messages: its user knows what
// is unanswered and writes it again when told that a new stream stands. At most one stream is open at a time,
// and nothing is written before the connection stands, so what was never written was never sent.
import type { ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import { outsideTraces, WeirError } from '@weir/proto';
import type { ParameterServerClient } from '@weir/proto/v1/parameter_server';
import type { ClientMetrics } from './client-metrics.ts';
import { decide, delay } from './retry.ts';
import type { ShardConnection } from './shard-connection.ts';

export interface StreamUser<Request, Response> {
  open(client: ParameterServerClient, metadata: Metadata): ClientDuplexStream<Request, Response>;
  /** Whether a lost stream is worth another one now. */
  wanted(): boolean;
  /** A new stream stands: nothing that was written to earlier ones can be relied on. */
  opened(): void;
  received(message: Response): void;
  /** There is room to write (again). */
  writable(): void;
  /**
   * The shard refuses streams of this client for good.
   * @param wasLetIn the stream stood, and was ended later: what was written to it may have been done.
   */
  refused(error: WeirError, wasLetIn: boolean): void;
}

export class ShardStream<Request, Response> {
  readonly #connection: ShardConnection;
  readonly #user: StreamUser<Request, Response>;
  readonly #metrics: ClientMetrics;
  #call: ClientDuplexStream<Request, Response> | undefined;
  #blocked = false;
  #connecting = false;
  #closed = false;
  /** Streams lost since the last message. */
  #failures = 0;
  #lastError: WeirError | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(connection: ShardConnection, user: StreamUser<Request, Response>, metrics: ClientMetrics) {
    this.#connection = connection;
    this.#user = user;
    this.#metrics = metrics;
  }

  /** Whether `write` may be called now. */
  get ready(): boolean {
    return this.#call !== undefined && !this.#blocked;
  }

  /** Whom we wait for and, when it is away, why; for messages. */
  get place(): string {
    const { name } = this.#connection;
    if (this.#call !== undefined || this.#lastError === undefined) return name;
    const { message } = this.#lastError;
    return message.startsWith(name) ? message : `${name}: ${message}`;
  }

  /** @param written the connection has taken the message, or is lost. */
  write(message: Request, written?: () => void): void {
    this.#blocked = !this.#call!.write(message, written);
  }

  /** There is something to send: opens a stream unless one stands or is on its way. */
  wake(): void {
    if (this.#call === undefined && !this.#connecting && !this.#closed) {
      // It outlives the call that needs it first.
      outsideTraces(() => this.#connect(0));
    }
  }

  /** Gives this stream up for a new one. */
  restart(delayMs: number): void {
    if (this.#call === undefined) return;
    this.#drop();
    this.#connect(delayMs);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#drop();
  }

  #drop(): void {
    const call = this.#call;
    this.#call = undefined;
    this.#blocked = false;
    call?.cancel();
  }

  #connect(delayMs: number): void {
    this.#connecting = true;
    if (delayMs > 0) this.#timer = setTimeout(this.#tryOpen, delayMs);
    else this.#tryOpen();
  }

  readonly #tryOpen = (): void => {
    this.#connection.ready().then(
      () => this.#open(),
      (thrown) => {
        const error = WeirError.from(thrown);
        this.#lastError = error;
        if (decide(error) === 'fail') this.#user.refused(error, false);
        this.#again();
      },
    );
  };

  #again(): void {
    this.#connecting = false;
    if (this.#closed || !this.#user.wanted()) return;
    this.#connect(delay(++this.#failures, this.#lastError?.retryAfterMs, Math.random()));
  }

  #open(): void {
    this.#connecting = false;
    if (this.#closed) return;
    const call = this.#user.open(this.#connection.client, this.#connection.channels.metadata);
    let failure: WeirError | undefined;
    let wasLetIn = false;
    // A shard that asks who calls says so as soon as it lets a stream in.
    call.on('metadata', () => {
      wasLetIn = true;
    });
    call.on('data', (message: Response) => {
      if (this.#call !== call) return;
      this.#failures = 0;
      this.#lastError = undefined;
      this.#user.received(message);
    });
    call.on('drain', () => {
      if (this.#call !== call) return;
      this.#blocked = false;
      this.#user.writable();
    });
    call.on('error', (error) => {
      failure = WeirError.from(error);
    });
    call.on('status', () => {
      if (this.#call !== call) return;
      this.#call = undefined;
      this.#blocked = false;
      this.#lost(failure ?? new WeirError('UNAVAILABLE', 'the shard ended the stream'), wasLetIn);
    });
    this.#call = call;
    this.#user.opened();
    this.#user.writable();
  }

  #lost(error: WeirError, wasLetIn: boolean): void {
    this.#lastError = error;
    this.#metrics.streamsLost++;
    if (decide(error) === 'fail') this.#user.refused(error, wasLetIn);
    this.#again();
  }
}

/** The serialiser of messages that are bytes already. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
