// How a client's connections are made secure, in one place for all clients of Weir. Certificates are asked for at each new
// connection; why a server could not be reached is remembered by address, so that a call can say it and need not try in vain.
//
// grpc-js tells a failed handshake from a refused connection by words alone, and cannot renew a client's certificate from
// memory; so the handshake is done here.
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect, createSecureContext, type SecureContext } from 'node:tls';
import { CallCredentials, ChannelCredentials, type experimental, status } from '@grpc/grpc-js';
import { WeirError } from '../weir-error.ts';
import { bearerCredentials, type TokenSource } from './bearer-token.ts';
import {
  type HandshakeFailure,
  handshakeFailure,
  refusedAfterHandshake,
  tokenInClearText,
  wantsTls,
} from './handshake-failure.ts';
import { speaksTls } from './speaks-tls.ts';
import type { TlsOptions, TlsSource } from './tls-options.ts';

interface Usable {
  readonly options: TlsOptions;
  readonly context: SecureContext;
}

/** Who a client is. */
export interface ClientIdentity {
  /** Shown with every call. */
  readonly token?: TokenSource | undefined;
  /** Whether the token may go over a plain connection to another machine, where others can read it. Default: no. */
  readonly insecure?: boolean | undefined;
}

export class ClientCredentials extends ChannelCredentials {
  readonly #source: TlsSource | undefined;
  readonly #bearer: CallCredentials | undefined;
  readonly #isPlainAllowed: boolean;
  #latest: Usable | undefined;
  readonly #reached = new Set<string>();
  readonly #failures = new Map<string, HandshakeFailure>();

  /**
   * @param source undefined: no TLS.
   * @throws WeirError INVALID_ARGUMENT if what it gives cannot be used.
   */
  constructor(source: TlsSource | undefined, { token, insecure = false }: ClientIdentity = {}) {
    super();
    this.#bearer = token === undefined ? undefined : bearerCredentials(token);
    this.#isPlainAllowed = insecure || token === undefined;
    this.#source = source;
    if (source !== undefined) this.#latest = usable(typeof source === 'function' ? source() : source);
  }

  /**
   * Why the last connection to `address` was not made, if that is a matter of TLS. It is for good as long as the server was
   * never reached; from then on it is UNAVAILABLE, since certificates are renewed.
   */
  failureAt(address: string): WeirError | undefined {
    const failure = this.#failures.get(address);
    if (failure === undefined) return undefined;
    return new WeirError(this.#reached.has(address) ? 'UNAVAILABLE' : failure.code, failure.message);
  }

  /** The error of a call to `address`, with what is known of its connection. */
  explained(error: Error, address: string): Error {
    if ((error as { code?: unknown }).code !== status.UNAVAILABLE) return error;
    const failure = this.failureAt(address);
    // A detail of the server's own is no matter of the connection.
    if (failure === undefined || WeirError.codeIn((error as { metadata?: never }).metadata)) return error;
    return Object.assign(new Error(failure.message, { cause: error }), failure.toStatus());
  }

  override _isSecure(): boolean {
    return this.#source !== undefined;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    { path: address }: experimental.GrpcUri,
    _options: object,
    callCredentials: CallCredentials = CallCredentials.createEmpty(),
  ): experimental.SecureConnector {
    return {
      connect: (socket) =>
        this.#source === undefined ? this.#plain(socket, address) : this.#secured(socket, address),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () =>
        this.#bearer === undefined ? callCredentials : callCredentials.compose(this.#bearer),
      destroy: () => {},
    };
  }

  async #plain(socket: Socket, address: string): Promise<experimental.SecureConnectResult> {
    const { remoteAddress: host, remotePort: port } = socket;
    if (!this.#isPlainAllowed && !isLoopbackAddress(host)) {
      const failure = tokenInClearText(address);
      this.#failures.set(address, failure);
      throw new Error(failure.message);
    }
    socket.once('close', () => {
      if (socket.bytesRead > 0) this.#accepted(address);
      else if (socket.bytesWritten > 0 && host !== undefined && port !== undefined) {
        // Too late for the call that failed, in time for the next one.
        speaksTls(host, port).then((does) => does && this.#failures.set(address, wantsTls(address)));
      }
    });
    return { socket, secure: false };
  }

  #secured(socket: Socket, address: string): Promise<experimental.SecureConnectResult> {
    const { options, context } = this.#renewed();
    const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
    const name = options.serverName ?? host;
    return new Promise((resolve, reject) => {
      const secured = connect({
        socket,
        host,
        secureContext: context,
        ALPNProtocols: ['h2'],
        checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
        // An IP address may not stand there.
        ...(isIP(name) === 0 && { servername: name }),
      });
      let isAccepted = false;
      const accepted = (): void => {
        isAccepted = true;
        this.#accepted(address);
      };
      let isShaken = false;
      let hasFailed = false;
      let isEndedByServer = false;
      secured.once('end', () => {
        isEndedByServer = true;
      });
      secured.once('secureConnect', () => {
        isShaken = true;
        // From TLS 1.3 on a client is done before the server has looked at its certificate; its ticket comes after that.
        if (secured.getProtocol() !== 'TLSv1.3') accepted();
        resolve({ socket: secured, secure: true });
      });
      secured.once('session', accepted);
      secured.on('error', (error) => {
        const failure = handshakeFailure(address, name, error);
        if (failure === undefined) isEndedByServer = true;
        else {
          hasFailed = true;
          this.#failures.set(address, failure);
        }
        reject(failure === undefined ? error : new Error(failure.message));
      });
      secured.once('close', () => {
        // Of a server that gives no tickets.
        if (secured.bytesRead > 0) accepted();
        if (isShaken && !isAccepted && !hasFailed && isEndedByServer) {
          this.#failures.set(address, refusedAfterHandshake(address, options.cert !== undefined));
        }
        reject(new Error(`${address} ended the connection in the middle of the TLS handshake`));
      });
    });
  }

  #accepted(address: string): void {
    this.#reached.add(address);
    this.#failures.delete(address);
  }

  #renewed(): Usable {
    const source = this.#source;
    if (typeof source === 'function') {
      try {
        const options = source();
        if (!isSame(options, this.#latest!.options)) this.#latest = usable(options);
      } catch {
        // Half of a renewal: the former one serves.
      }
    }
    return this.#latest!;
  }
}

/** Of a socket's other end. */
function isLoopbackAddress(host: string | undefined): boolean {
  return host !== undefined && /^(?:127\.|::1$|::ffff:127\.)/.test(host);
}

function usable(options: TlsOptions): Usable {
  const { ca, cert, key } = options;
  if ((cert === undefined) !== (key === undefined)) {
    throw new WeirError('INVALID_ARGUMENT', 'tls: cert and key belong together, one of them is missing');
  }
  try {
    const context = createSecureContext({ ca: buffer(ca), cert: buffer(cert), key: buffer(key) });
    return { options, context };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WeirError('INVALID_ARGUMENT', `tls: ${reason}`, { cause });
  }
}

function buffer(pem: string | Uint8Array | undefined): Buffer | undefined {
  return pem === undefined ? undefined : Buffer.from(pem);
}

function isSame(a: TlsOptions, b: TlsOptions): boolean {
  const text = (pem: string | Uint8Array | undefined): string =>
    pem === undefined ? '' : Buffer.from(pem).toString();
  return (
    a === b ||
    (a.serverName === b.serverName &&
      (['ca', 'cert', 'key'] as const).every((part) => text(a[part]) === text(b[part])))
  );
}
