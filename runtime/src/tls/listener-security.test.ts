import { describe, expect, it } from 'vitest';
import { checkListener, isLoopback, LOOPBACK_ONLY } from './listener-security.ts';

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
