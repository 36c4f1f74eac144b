// Tokens and private keys, wherever they are put: what a service says about its settings, right or wrong, never repeats them. What
// running services say at level trace is looked through in access.test.ts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientToken, createLogger, openAccess, openSecurity } from '@weir/runtime';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { SERVICES } from '../../cli/src/services.ts';
import { loadConfig } from '../../runtime/src/config/load-config.ts';
import { configOptions } from '../../runtime/src/config/options.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));

const written = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

/** Characters of tokens and of PEM; long enough to be in no message by chance. */
const secrets = fc.string({
  unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=_-'),
  minLength: 12,
  maxLength: 64,
});

/** What is said: a result, or an error with all that caused it. */
async function saidBy(attempt: () => unknown): Promise<string> {
  try {
    return JSON.stringify(await attempt()) ?? '';
  } catch (error) {
    let text = '';
    for (let one: unknown = error; one instanceof Error; one = one.cause)
      text += `${one.stack}\n${one.message}\n`;
    return text;
  }
}

describe('a secret', () => {
  it.each(SERVICES.map(({ name, load }) => [name, load] as const))(
    'that weir %s is given is not in its printed settings, nor in what it says of them',
    async (service, load) => {
      const { config: schema } = await load();
      const options = configOptions(schema);
      const takesToken = options.some(({ key }) => key === 'token');
      const required = options
        .filter((option) => option.required)
        .flatMap(({ flag }) => [`--${flag}`, '127.0.0.1:7070']);
      const load1 = (argv: readonly string[], env: NodeJS.ProcessEnv = {}) =>
        saidBy(() => loadConfig({ service, schema, argv: [...required, ...argv], env }));
      await fc.assert(
        fc.asyncProperty(secrets, async (secret) => {
          const printed = await load1(['--print-config'], { WEIR_TOKEN: secret });
          expect(printed.includes('"kind":"print"')).toBe(true);
          expect(printed.includes('(redacted)')).toBe(takesToken);
          const said = await Promise.all([
            printed,
            load1(['--token', secret]),
            load1([`--token=${secret}`]),
            load1(['--config', written('broken.json', `{"token": "${secret}", "a" `)]),
            load1(['--config', written('list.json', `{"token": ["${secret}"]}`)]),
          ]);
          for (const text of said) expect(text).not.toContain(secret);
        }),
        { numRuns: 25 },
      );
    },
  );

  it('that cannot be used as a token, a key or a file of hashes is not repeated', async () => {
    const log = createLogger('test', 'silent');
    await fc.assert(
      fc.asyncProperty(secrets, async (secret) => {
        const pem = `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`;
        const [key, cert] = [written('tls.key', pem), written('tls.crt', pem)];
        const accessOf = (text: string) =>
          openAccess({ file: written('access.json', text), service: 'ps', log });
        const said = await Promise.all([
          saidBy(() => clientToken({ token: `${secret} ${secret}` })),
          saidBy(() => clientToken({ tokenFile: written('token', `${secret}\n${secret}`) })),
          saidBy(() => clientToken({ token: secret, tokenFile: written('token', secret) })),
          saidBy(() => openSecurity({ tlsCert: cert, tlsKey: key, insecure: false }, log)),
          saidBy(() => openSecurity({ ca: cert, clientCert: cert, clientKey: key, insecure: false }, log)),
          saidBy(() => accessOf(`{"identities": {"a": {"tokens": ["${secret}"]}}}`)),
          saidBy(() => accessOf(`{"identities": {"a": {"tokens": ["${secret}"`)),
          saidBy(() => accessOf(`{"identities": {"a": {"token": "${secret}"}}}`)),
        ]);
        for (const text of said) {
          expect(text).not.toContain(secret);
          expect(text).toContain('Error');
        }
      }),
      { numRuns: 50 },
    );
  });
});
