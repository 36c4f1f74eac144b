import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { hostPort } from '../listen-address.ts';
import { UsageError } from '../usage-error.ts';
import { helpText } from './help.ts';
import { loadConfig } from './load-config.ts';
import { configOptions } from './options.ts';

const schema = z.object({
  listen: hostPort().default('127.0.0.1:0').describe('where to serve'),
  dataFolder: z.string().describe('its folder'),
  windowRequests: z.int().positive().default(16).describe('size of a window'),
  labels: z.array(z.string()).default(['click']).describe('labels to learn'),
  strict: z.boolean().default(false).describe('stop at a bad line'),
  live: z.boolean().default(true).describe('show figures'),
  policy: z.enum(['wait', 'fast']).default('wait').describe('when samples leave'),
  token: z.string().optional().describe('bearer token').meta({ secret: true }),
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-config-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const load = (argv: string[], env: NodeJS.ProcessEnv = {}) =>
  loadConfig({ service: 'fixture', schema, argv, env });
const configOf = (argv: string[], env: NodeJS.ProcessEnv = {}) => {
  const loaded = load(argv, env);
  if (loaded.kind !== 'config') throw new Error(`got ${loaded.kind}`);
  return loaded.config;
};
const file = (content: string): string => {
  const path = join(folder, 'config.json');
  writeFileSync(path, content);
  return path;
};
const refusal = (argv: string[], env: NodeJS.ProcessEnv = {}): string => {
  try {
    load(argv, env);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).message;
  }
  throw new Error('was not refused');
};

describe('loadConfig', () => {
  it('takes flag over service environment over common environment over file over default', () => {
    const config = file('{"dataFolder":"file","windowRequests":2}');
    const common = { WEIR_DATA_FOLDER: 'common', WEIR_WINDOW_REQUESTS: '3' };
    const own = { ...common, WEIR_FIXTURE_DATA_FOLDER: 'own' };
    expect(configOf(['--config', config])).toMatchObject({
      dataFolder: 'file',
      windowRequests: 2,
      policy: 'wait',
    });
    expect(configOf(['--config', config], common)).toMatchObject({ dataFolder: 'common', windowRequests: 3 });
    expect(configOf(['--config', config], own)).toMatchObject({ dataFolder: 'own', windowRequests: 3 });
    expect(configOf(['--config', config, '--data-folder', 'flag'], own)).toMatchObject({
      dataFolder: 'flag',
    });
  });

  it('reads booleans, lists and the --flag=value form', () => {
    expect(
      configOf(['--data-folder=x=y', '--strict', '--no-live', '--labels', 'click,cart', '--labels=purchase']),
    ).toMatchObject({ dataFolder: 'x=y', strict: true, live: false, labels: ['click', 'cart', 'purchase'] });
    expect(configOf(['--data-folder', 'x', '--live=false'], { WEIR_STRICT: '1' })).toMatchObject({
      strict: true,
      live: false,
    });
  });

  it('gives back whatever text a flag carries', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(configOf([`--data-folder=${text}`]).dataFolder).toBe(text);
      }),
    );
  });

  it.each([
    [['--data-foldr', 'x'], 'unknown flag --data-foldr; did you mean --data-folder?'],
    [['--polcy=fast'], 'unknown flag --polcy; did you mean --policy?'],
    [['--data-folder'], '--data-folder needs a value'],
    [['--data-folder', '--strict'], '--data-folder needs a value'],
    [['folder'], 'unexpected argument "folder"'],
    [[], '--data-folder TEXT is required (its folder)'],
    [['--data-folder', 'x', '--window-requests', 'many'], '--window-requests: "many" is not a number'],
    [['--data-folder', 'x', '--window-requests', '0'], '--window-requests: '],
    [['--data-folder', 'x', '--policy', 'slow'], '--policy: '],
    [['--data-folder', 'x', '--listen', 'nowhere'], '--listen: "nowhere" is not HOST:PORT'],
    [['--data-folder', 'x', '--listen', '127.0.0.1:70000'], '--listen: '],
    [['--data-folder', 'x', '--strict=perhaps'], '--strict: "perhaps" is neither true nor false'],
    [['--data-folder', 'x', '--no-policy'], 'unknown flag --no-policy'],
  ])('refuses %j by name', (argv, message) => {
    expect(refusal(argv)).toContain(message);
  });

  it('names the environment variable or the key in the file that is wrong', () => {
    expect(refusal(['--data-folder', 'x'], { WEIR_WINDOW_REQUESTS: 'x' })).toContain(
      'WEIR_WINDOW_REQUESTS: "x"',
    );
    expect(refusal(['--config', file('{"windowRequests":"x"}')])).toContain('"windowRequests" in the file');
    expect(refusal(['--config', file('{"windowRequest":3}')])).toContain('did you mean windowRequests?');
    expect(refusal(['--config', file('[1]')])).toContain('not a JSON object');
    expect(refusal(['--config', file('{')])).toContain('config.json');
    expect(refusal(['--config', join(folder, 'absent.json')])).toContain('ENOENT');
  });

  it('prints the settings in force with secrets redacted', () => {
    const loaded = load(['--data-folder', 'x', '--print-config'], { WEIR_TOKEN: 'hunter2' });
    if (loaded.kind !== 'print') throw new Error(`got ${loaded.kind}`);
    expect(loaded.text).not.toContain('hunter2');
    expect(JSON.parse(loaded.text)).toMatchObject({
      dataFolder: 'x',
      token: '(redacted)',
      windowRequests: 16,
    });
  });
});

describe('a secret', () => {
  it('has no flag, since a command line is seen by all; what was given is not repeated', () => {
    for (const argv of [['--token', 'hunter2'], ['--token=hunter2']]) {
      const message = refusal(['--data-folder', 'x', ...argv]);
      expect(message).toContain('WEIR_TOKEN');
      expect(message).not.toContain('hunter2');
    }
  });

  it('is not repeated from a configuration file that is no JSON', () => {
    const message = refusal(['--data-folder', 'x', '--config', file('{"token": "hunter2" "a"')]);
    expect(message).toContain('config.json: it is not JSON');
    expect(message).not.toContain('hunter2');
  });

  it('may come from the environment or the configuration file', () => {
    expect(configOf(['--data-folder', 'x', '--config', file('{"token": "a"}')])).toMatchObject({
      token: 'a',
    });
    expect(configOf(['--data-folder', 'x'], { WEIR_TOKEN: 'b' })).toMatchObject({ token: 'b' });
  });
});

describe('helpText', () => {
  it('lists every setting with its description and default', () => {
    const text = helpText({ name: 'fixture', summary: 'a summary', config: schema });
    for (const option of configOptions(schema)) {
      expect(text).toContain(option.secret ? 'WEIR_TOKEN' : option.flag);
      expect(text).toContain(option.description);
    }
    expect(text).toContain('--data-folder TEXT');
    expect(text).toContain('(required)');
    expect(text).toContain('size of a window (default 16)');
    expect(text).toContain('--no-live');
    expect(text).toContain('--policy wait|fast');
    expect(text).toContain('WEIR_FIXTURE_LISTEN');
  });
});
