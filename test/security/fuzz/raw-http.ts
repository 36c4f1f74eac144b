// A client of HTTP that sends bytes as they are given to it.
import { connect, type Socket } from 'node:net';

/** A connection that answers one request after the other. */
export class RawHttp {
  readonly #address: string;
  #socket: Socket | undefined;

  constructor(address: string) {
    this.#address = address;
  }

  /** The status line's number; `closed`, `silent`. */
  async send(bytes: Buffer, isHead: boolean, silenceMs: number): Promise<string> {
    const isReused = this.#socket !== undefined;
    const word = await this.#sendOnce(bytes, isHead, silenceMs);
    // A server may end a connection that was idle just as a request comes; of a new one that is no excuse.
    return isReused && word === 'closed' ? await this.#sendOnce(bytes, isHead, silenceMs) : word;
  }

  #sendOnce(bytes: Buffer, isHead: boolean, silenceMs: number): Promise<string> {
    const at = this.#address.lastIndexOf(':');
    const socket =
      this.#socket ??
      connect({ host: this.#address.slice(0, at), port: Number(this.#address.slice(at + 1)) });
    this.#socket = socket;
    return new Promise((resolve) => {
      let heard = Buffer.alloc(0);
      const done = (word: string, keep: boolean): void => {
        clearTimeout(timer);
        socket.removeAllListeners();
        socket.on('error', () => undefined);
        if (!keep) {
          socket.destroy();
          this.#socket = undefined;
        }
        resolve(word);
      };
      const timer = setTimeout(() => done('silent', false), silenceMs);
      socket.on('error', () => undefined);
      socket.on('close', () => done(heard.length > 0 ? heard.toString('latin1', 9, 12) : 'closed', false));
      socket.on('data', (data: Buffer) => {
        heard = Buffer.concat([heard, data]);
        const end = heard.indexOf('\r\n\r\n');
        if (end < 0) return;
        const head = heard.toString('latin1', 0, end);
        const status = head.slice(9, 12);
        if (status === '100') {
          heard = heard.subarray(end + 4);
          return;
        }
        const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
        const isChunked = /\r\ntransfer-encoding: chunked/i.test(head);
        const isWhole =
          isHead ||
          (isChunked
            ? heard.subarray(-5).equals(Buffer.from('0\r\n\r\n'))
            : length === undefined || heard.length >= end + 4 + Number(length));
        if (isWhole) done(status, !/\r\nconnection: close/i.test(head));
      });
      socket.write(bytes);
    });
  }

  /** After what may have left half a request behind. */
  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}
