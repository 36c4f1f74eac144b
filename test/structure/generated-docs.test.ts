import { readFileSync } from 'node:fs';
import { ERROR_CODES } from '@weir/proto';
import { describe, expect, it } from 'vitest';
import { withAccessRules } from '../../docs/scripts/access-rules.ts';
import { commandsDocument } from '../../docs/scripts/commands.ts';
import { configurationDocument } from '../../docs/scripts/configuration.ts';
import { errorsDocument } from '../../docs/scripts/errors.ts';
import { ROOT } from './packages.ts';

const stored = (name: string): string => readFileSync(`${ROOT}/docs/${name}`, 'utf8');

describe('generated documents', () => {
  it('say which call needs which role: the table in docs/security.md is what `npm run docs` writes', () => {
    expect(stored('security.md')).toBe(withAccessRules(stored('security.md')));
  });

  it('list every error code: docs/errors.md is what `npm run docs` writes', () => {
    expect(stored('errors.md')).toBe(errorsDocument());
    for (const code of Object.keys(ERROR_CODES)) expect(stored('errors.md')).toContain(`\`${code}\``);
  });

  it('list every verb: docs/commands.md is what `npm run docs` writes', () => {
    expect(stored('commands.md')).toBe(commandsDocument());
  });

  it('list every setting: docs/configuration.md is what `npm run docs` writes', async () => {
    expect(stored('configuration.md')).toBe(await configurationDocument());
  });
});
