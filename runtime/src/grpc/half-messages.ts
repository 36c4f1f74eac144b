// Bounded memory for messages of which a part has come. A client may begin a large message on each of many streams
// and send no more of any; no handler has heard of them yet. Above the bound the call that holds the most is ended.
// grpc-js has no public view of its decoder, so this reads the fields inside; grpc-server.test.ts notices a change.

import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js';

interface InnerCall {
  readonly stream: ServerHttp2Stream;
  readonly decoder: {
    readonly readMessageSize: number;
    readonly readMessageRemaining: number;
  };
}

export class HalfMessages {
  readonly #bytesMax: number;
  readonly #onCut: () => void;
  readonly #held = new Map<ServerHttp2Stream, number>();
  #total = 0;

  constructor(bytesMax: number, onCut: () => void) {
    this.#bytesMax = bytesMax;
    this.#onCut = onCut;
  }

  /** Watches every call; changes nothing about it. */
  readonly interceptor: ServerInterceptor = (_method, call) => {
    const { stream, decoder } = call as unknown as InnerCall;
    // The decoder has taken the data by now: its listener was there first.
    stream.on('data', () => {
      const { readMessageSize, readMessageRemaining } = decoder;
      this.#holds(stream, readMessageRemaining === 0 ? 0 : readMessageSize - readMessageRemaining);
    });
    stream.once('close', () => this.#holds(stream, 0));
    return call as unknown as ServerInterceptingCall;
  };

  #holds(stream: ServerHttp2Stream, bytes: number): void {
    const before = this.#held.get(stream) ?? 0;
    if (bytes === before) return;
    if (bytes === 0) this.#held.delete(stream);
    else this.#held.set(stream, bytes);
    this.#total += bytes - before;
    if (this.#total > this.#bytesMax) this.#cutLargest();
  }

  #cutLargest(): void {
    let largest: ServerHttp2Stream | undefined;
    let most = 0;
    for (const [stream, bytes] of this.#held) {
      if (bytes <= most) continue;
      most = bytes;
      largest = stream;
    }
    if (largest === undefined) return;
    this.#onCut();
    this.#holds(largest, 0);
    largest.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}
