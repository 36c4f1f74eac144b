// Calls in raw bytes over HTTP/2, as no gRPC library would make them, and what came of them.
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { Metadata } from '@grpc/grpc-js';
import { MESSAGE_BYTES_MAX, WeirError } from '@weir/proto';

export interface RawCall {
  readonly path: string;
  /** What is sent, gRPC's frames included. */
  readonly data: readonly Uint8Array[];
  /** Default: the client says that nothing follows. */
  readonly end?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** The caller leaves when nothing has come for so long. */
  readonly silenceMs: number;
}

export interface Outcome {
  /** grpc-status; undefined: none came. */
  readonly status: number | undefined;
  readonly message: string;
  /** Of our closed list, if the trailer has one. */
  readonly code: string | undefined;
  /** Where the answer is none of gRPC. */
  readonly http: number;
  /** HTTP/2 code with which the server ended it. */
  readonly reset: number | undefined;
  /** The caller left. */
  readonly left: boolean;
  /** Messages of the answer; only those of unary calls are kept whole. */
  readonly answer: Buffer;
}

/** Streams that a client may cancel on one connection before the server takes it for an attack (nghttp2: 1,000). */
const CANCELS_PER_SESSION = 400;
const ANSWER_BYTES_KEPT = MESSAGE_BYTES_MAX;

/** gRPC's frame. */
export function framed(message: Uint8Array, length = message.length, flag = 0): Buffer {
  const frame = Buffer.allocUnsafe(5 + message.length);
  frame[0] = flag;
  frame.writeUInt32BE(length, 1);
  frame.set(message, 5);
  return frame;
}

export class RawCaller {
  readonly #address: string;
  #session: ClientHttp2Session | undefined;
  #cancels = 0;

  constructor(address: string) {
    this.#address = address;
  }

  #connected(): ClientHttp2Session {
    const current = this.#session;
    if (
      current !== undefined &&
      !current.closed &&
      !current.destroyed &&
      this.#cancels < CANCELS_PER_SESSION
    ) {
      return current;
    }
    current?.close();
    const session = connect(`http://${this.#address}`, {
      settings: { initialWindowSize: 1024 * 1024 },
      // The attacker's own bound, in MB: what it hits would look like a refusal.
      maxSessionMemory: 1_000,
    });
    session.on('error', () => undefined);
    session.setMaxListeners(0);
    this.#session = session;
    this.#cancels = 0;
    return session;
  }

  call({ path, data, end = true, headers = {}, silenceMs }: RawCall): Promise<Outcome> {
    const session = this.#connected();
    return new Promise((resolve) => {
      let stream: ClientHttp2Stream;
      let status: number | undefined;
      let message = '';
      let code: string | undefined;
      let http = 0;
      let left = false;
      const answer: Buffer[] = [];
      let answerBytes = 0;
      const hear = (heard: Record<string, unknown>): void => {
        if (heard[':status'] !== undefined) http = Number(heard[':status']);
        if (heard['grpc-status'] === undefined) return;
        status = Number(heard['grpc-status']);
        message = decodeURIComponent(String(heard['grpc-message'] ?? ''));
        code = WeirError.codeIn(Metadata.fromHttp2Headers(heard as never));
      };
      const leave = setTimeout(() => {
        left = true;
        this.#cancels++;
        stream.close(constants.NGHTTP2_CANCEL);
      }, silenceMs);
      stream = session.request(
        {
          ':method': 'POST',
          ':path': path,
          'content-type': 'application/grpc',
          te: 'trailers',
          ...headers,
        },
        { waitForTrailers: false },
      );
      stream.on('response', hear);
      stream.on('trailers', hear);
      stream.on('data', (piece: Buffer) => {
        leave.refresh();
        answerBytes += piece.length;
        if (answerBytes <= ANSWER_BYTES_KEPT) answer.push(piece);
      });
      stream.on('error', () => undefined);
      stream.on('close', () => {
        clearTimeout(leave);
        const reset = stream.rstCode === constants.NGHTTP2_NO_ERROR || left ? undefined : stream.rstCode;
        resolve({ status, message, code, http, reset, left, answer: Buffer.concat(answer) });
      });
      for (const piece of data) stream.write(piece);
      if (end) stream.end();
    });
  }

  close(): void {
    this.#session?.destroy();
  }
}
