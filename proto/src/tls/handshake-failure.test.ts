import { describe, expect, it } from 'vitest';
import { handshakeFailure } from './handshake-failure.ts';

const failure = (code: string, more: object = {}) =>
  handshakeFailure(
    'shard-0:7070',
    'shard-0',
    Object.assign(new Error('words of OpenSSL'), { code, ...more }),
  );

describe('handshakeFailure', () => {
  it.each([
    ['CERT_HAS_EXPIRED', 'UNAUTHENTICATED', /shard-0:7070 has expired/],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'UNAUTHENTICATED', /CA.*SELF_SIGNED_CERT_IN_CHAIN.*--ca/],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNAUTHENTICATED', /--ca/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'CONFIGURATION', /does not speak TLS/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'UNAUTHENTICATED', /--client-cert/],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'UNAUTHENTICATED', /does not accept this client's certificate/],
    ['ERR_SSL_SOMETHING_NEW', 'UNAUTHENTICATED', /ERR_SSL_SOMETHING_NEW: words of OpenSSL/],
  ] as const)('says what %s means', (code, kind, words) => {
    expect(failure(code)).toEqual({ code: kind, message: expect.stringMatching(words) });
  });

  it('names the names of a certificate that is for others', () => {
    const cert = { subjectaltname: 'DNS:shard-1' };
    expect(failure('ERR_TLS_CERT_ALTNAME_INVALID', { cert })?.message).toMatch(
      /not for "shard-0" but for DNS:shard-1/,
    );
  });

  it('leaves a failure of the network what it is', () => {
    expect(failure('ECONNRESET', { syscall: 'read' })).toBeUndefined();
    expect(handshakeFailure('a:1', 'a', new Error('something else'))).toBeUndefined();
  });
});
