// Certificates for tests are what they claim to be: OpenSSL (Node's TLS) takes the good ones and says why not the others.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { type Identity, issueForLoopback, makeAuthority } from './certificates.ts';

/** Code of the client's error, or what the server saw of the client: its common name. */
async function shakeHands(server: Identity, ca: string, client?: Identity): Promise<string> {
  const listener = createServer(
    { cert: server.certificate, key: server.key, ca, requestCert: true, rejectUnauthorized: false },
    (socket) => socket.end(`${socket.authorized} ${socket.getPeerCertificate().subject?.CN ?? 'nobody'}`),
  ).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const socket = connect({
    port: (listener.address() as AddressInfo).port,
    host: '127.0.0.1',
    ca,
    ...(client === undefined ? {} : { cert: client.certificate, key: client.key }),
  });
  try {
    return String((await once(socket, 'data'))[0]);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    socket.destroy();
    listener.close();
  }
}

describe('certificates for tests', () => {
  it('a server of the authority is trusted, and its client known by name', async () => {
    const authority = await makeAuthority();
    const server = await issueForLoopback(authority, { purpose: 'server' });
    const client = await authority.issue({ name: 'trainer-0', purpose: 'client' });
    expect(await shakeHands(server, authority.certificate, client)).toBe('true trainer-0');
    expect(await shakeHands(server, authority.certificate)).toBe('false nobody');
  });

  it('another authority, an expired one, another host, another purpose are refused', async () => {
    const authority = await makeAuthority();
    const other = await makeAuthority({ name: 'other authority' });
    const past = { notBefore: new Date(Date.now() - 20_000), notAfter: new Date(Date.now() - 10_000) };
    const good = await issueForLoopback(authority);
    expect(await shakeHands(good, other.certificate)).toMatch(/SIGNATURE|UNABLE_TO_/);
    expect(await shakeHands(await issueForLoopback(authority, past), authority.certificate)).toBe(
      'CERT_HAS_EXPIRED',
    );
    expect(
      await shakeHands(await issueForLoopback(authority, { ip: ['127.0.0.9'] }), authority.certificate),
    ).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(
      await shakeHands(await issueForLoopback(authority, { purpose: 'client' }), authority.certificate),
    ).toBe('INVALID_PURPOSE');
    const clientForServers = await authority.issue({ name: 'trainer-0', purpose: 'server' });
    expect(await shakeHands(good, authority.certificate, clientForServers)).toBe('false trainer-0');
  });
});
