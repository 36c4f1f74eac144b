// A call to a process's admin port, with TLS where the caller's flags say so.
import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { handshakeFailure, requireToken, tokenInClearText, WeirError } from '@weir/proto';
import { isLoopback, parseHostPort } from '@weir/runtime';
import type { TlsOptions } from '@weir/sdk';
import type { Connection } from './connection-options.ts';

export interface AdminCall {
  /** `host:port` */
  readonly admin: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly timeoutMs: number;
  readonly connection: Connection;
}

export interface AdminAnswer {
  readonly status: number;
  /** Parsed, whatever the status. */
  readonly body: unknown;
}

/** @throws WeirError DEADLINE_EXCEEDED, UNAVAILABLE, UNAUTHENTICATED or CONFIGURATION saying what is between the two. */
export async function callAdmin(call: AdminCall): Promise<AdminAnswer> {
  const { admin, path, timeoutMs, connection } = call;
  const { host, port } = parseHostPort(admin)!;
  const headers = identity(admin, connection);
  const options = { host, port, path, method: call.method, headers, signal: AbortSignal.timeout(timeoutMs) };
  const sent =
    connection.tls === undefined
      ? plainRequest(options)
      : secureRequest({ ...options, ...secured(connection.tls, host) });
  try {
    return await new Promise((resolve, reject) => {
      sent.on('error', reject);
      sent.on('response', (response) => {
        response.setEncoding('utf8');
        response.on('error', reject);
        let text = '';
        response.on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => {
          try {
            resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) });
          } catch (error) {
            reject(error);
          }
        });
      });
      sent.end();
    });
  } catch (thrown) {
    throw failure(call, thrown as Error);
  }
}

/** The caller's token, unless others could read it on the way. */
function identity(admin: string, { token, tls, insecure }: Connection): Record<string, string> {
  if (token === undefined) return {};
  if (tls === undefined && !insecure && !isLoopback(admin)) {
    const { code, message } = tokenInClearText(admin);
    throw new WeirError(code, message);
  }
  return { authorization: `Bearer ${requireToken(typeof token === 'function' ? token() : token)}` };
}

function secured({ ca, cert, key, serverName }: TlsOptions, host: string) {
  const name = serverName ?? host;
  const pem = (text: string | Uint8Array | undefined) => (text === undefined ? undefined : Buffer.from(text));
  return {
    ca: pem(ca),
    cert: pem(cert),
    key: pem(key),
    // An IP address may not stand there.
    servername: isIP(name) === 0 ? name : '',
    checkServerIdentity: (_: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
      checkServerIdentity(name, certificate),
  };
}

function failure({ admin, path, timeoutMs, connection }: AdminCall, cause: Error): WeirError {
  if (cause.name === 'TimeoutError' || (cause as { code?: unknown }).code === 'ABORT_ERR') {
    return new WeirError('DEADLINE_EXCEEDED', `${admin} has not answered ${path} within ${timeoutMs} ms`);
  }
  const { tls } = connection;
  const known = tls && handshakeFailure(admin, tls.serverName ?? parseHostPort(admin)!.host, cause);
  if (known !== undefined) return new WeirError(known.code, known.message, { cause });
  const hint = tls === undefined ? ', and does it speak TLS (--ca FILE)' : '';
  return new WeirError(
    'UNAVAILABLE',
    `${admin} does not answer: is it the process's --admin-listen${hint}?`,
    {
      cause,
    },
  );
}
