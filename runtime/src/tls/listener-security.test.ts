import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openAccess } from '../access/access.ts';
import { createLogger } from '../telemetry/log.ts';
import {
  checkListener,
  isLoopback,
  type ListenerSecurity,
  type ListenerTls,
  LOOPBACK_ONLY,
} from './listener-security.ts';

describe('isLoopback', () => {
  it.each(['127.0.0.1:0', '127.9.8.7:7070', '[::1]:0', 'localhost:7070', 'LOCALHOST:1'])('%s', (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  it.each([
    '0.0.0.0:0',
    '[::]:0',
    '10.0.0.1:7070',
    '128.0.0.1:0',
    // A name that begins like one, and what is no address at all.
    '127.0.0.1.example.org:7070',
    'localhost.example.org:7070',
    '[::ffff:10.0.0.1]:0',
    '127.0.0.1',
    '',
  ])('not %s', (address) => {
    expect(isLoopback(address)).toBe(false);
  });
});

describe('a listener without TLS', () => {
  it('is for this machine only, unless --insecure says otherwise', () => {
    checkListener('127.0.0.1:0', '--listen', LOOPBACK_ONLY);
    checkListener('0.0.0.0:0', '--listen', { ...LOOPBACK_ONLY, isInsecureAllowed: true });
    expect(() => checkListener('0.0.0.0:7070', '--http-listen', LOOPBACK_ONLY)).toThrow(
      /^--http-listen 0\.0\.0\.0:7070: .*--tls-cert.*--insecure/,
    );
  });
});

describe('a listener with TLS that other machines reach', () => {
  it('asks who calls, by a client CA or an access file, unless --insecure says otherwise', async () => {
    const tls: ListenerTls = {
      context: () => ({}),
      wantsClientCertificate: false,
      onRenewed: () => {},
      handshakeFailed: () => {},
    };
    const log = createLogger('test', 'silent');
    const check = (security: Partial<ListenerSecurity>) =>
      checkListener('0.0.0.0:7070', '--listen', { ...LOOPBACK_ONLY, tls, ...security });
    const open = await openAccess({ file: undefined, service: 'ps', log });
    const folder = mkdtempSync(join(tmpdir(), 'weir-listener-'));
    writeFileSync(join(folder, 'access.json'), '{"identities": {}}');
    const asking = await openAccess({ file: join(folder, 'access.json'), service: 'ps', log });
    rmSync(folder, { recursive: true });
    for (const security of [{}, { access: open }]) {
      expect(() => check(security)).toThrow(
        /^--listen 0\.0\.0\.0:7070: .*--access FILE.*--tls-client-ca.*--insecure/,
      );
    }
    check({ access: asking });
    check({ tls: { ...tls, wantsClientCertificate: true } });
    check({ isInsecureAllowed: true });
  });
});
