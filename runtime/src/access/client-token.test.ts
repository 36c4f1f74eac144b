import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { clientToken } from './client-token.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-token-'));
const file = join(folder, 'token');
afterAll(() => rmSync(folder, { recursive: true }));

describe('the token that a process shows', () => {
  it('comes from its file, without the end of the line, and follows it; half a file changes nothing', async () => {
    writeFileSync(file, 'first\n');
    const token = clientToken({ tokenFile: file }) as () => string;
    expect(token()).toBe('first');
    writeFileSync(file, '');
    const until = performance.now() + 1_500;
    while (performance.now() < until) {
      expect(token()).toBe('first');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    writeFileSync(file, 'second');
    while (token() === 'first') await new Promise((resolve) => setTimeout(resolve, 20));
    expect(token()).toBe('second');
  });

  it('is none, or the one that was given, and never two', () => {
    expect(clientToken({})).toBeUndefined();
    expect(clientToken({ token: 'given' })).toBe('given');
    expect(() => clientToken({ token: 'given', tokenFile: file })).toThrow(/only one/);
  });

  it('names the file that cannot be read', () => {
    const absent = join(folder, 'absent');
    expect(() => clientToken({ tokenFile: absent })).toThrow(absent);
  });
});
