import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgram, runProgram } from './program.ts';
import { SERVICES } from './services.ts';

async function weir(args: readonly string[]) {
  let stdout = '';
  let stderr = '';
  const code = await runProgram(args, {
    writeOut: (text) => {
      stdout += text;
    },
    writeErr: (text) => {
      stderr += text;
    },
  });
  return { code, stdout, stderr };
}

beforeEach(() => vi.stubEnv('WEIR_SEEDS', undefined));
afterEach(() => vi.unstubAllEnvs());

describe('wrong usage', () => {
  it.each([
    [['tabel'], 'Did you mean table?'],
    [['routing', '--seeds', 'h:1', '--sedes', 'h:1'], 'Did you mean --seeds?'],
    [['routing', '--seeds', 'nowhere'], '"nowhere" is not HOST:PORT'],
    [['status'], '--seeds'],
    [['verify'], "required option '--data <DIR>'"],
    [['size', '--rows', '0', '--dim', '4', '--optimizer', 'sum'], '--rows and --shards are at least 1'],
    [['size', '--rows', '9', '--dim', '4', '--optimizer', 'lion'], 'Allowed choices'],
    [['source', 'reset', 'g', '--partition', '-1', '--seeds', 'h:1'], 'not a whole number'],
    [['source', 'describe', 'g', '--streams', 'nowhere', '--seeds', 'h:1'], '"nowhere" is not HOST:PORT'],
    [['source', 'describe', '--seeds', 'h:1'], "missing required argument 'group'"],
    [['pull', 'doc', '--seeds', 'h:1'], "missing required argument 'key'"],
    [['pull', 'doc', 'x', '--seeds', 'h:1'], 'unsigned integer of 64 bits'],
    [['push', 'doc', '7', '--seeds', 'h:1'], 'not KEY:VALUE'],
    [['table', 'create', 'doc', '--dim', 'x', '--optimizer', 'sum', '--seeds', 'h:1'], 'not a number'],
    [
      ['table', 'create', 'doc', '--dim', '1', '--optimizer', 'sgd', '--seeds', 'h:1'],
      'needs --learning-rate',
    ],
  ])('%j ends with 2', async (args, message) => {
    const { code, stdout, stderr } = await weir(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it.each([[[]], [['table']]])('%j alone lists the verbs', async (args) => {
    const { code, stderr } = await weir(args);
    expect(code).toBe(2);
    expect(stderr).toContain('Usage: weir');
  });
});

const services = new Set(SERVICES.map(({ name }) => name));

/** Every verb but the services, which main.test.ts looks at: the words after `weir`. */
function verbPaths(command: Command, path: readonly string[] = []): string[][] {
  const below = command.commands.filter((one) => !services.has(one.name()));
  return [[...path], ...below.flatMap((one) => verbPaths(one, [...path, one.name()]))];
}

const program = createProgram({});
const verbs = verbPaths(program);
const verbAt = (path: readonly string[]): Command =>
  path.reduce((command, name) => command.commands.find((one) => one.name() === name)!, program);

describe('help', () => {
  it.each(verbs.map((verb) => [verb]))('of %j has an example', async (verb) => {
    const { code, stdout, stderr } = await weir([...verb, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`Usage: ${['weir', ...verb].join(' ')}`));
    expect(stdout).toMatch(/Examples?:\n {2}weir /);
  });

  it('says of every verb and option what it is, in a line that begins small', () => {
    for (const path of verbs.slice(1)) {
      const command = verbAt(path);
      expect(command.summary(), path.join(' ')).toMatch(/^[a-z][^\n]+[^.]$/);
      for (const { long, description } of command.options) {
        expect(description, `${path.join(' ')} ${long}`).toMatch(/^\S[^\n]+[^.]$/);
      }
    }
  });
});

describe('--json', () => {
  it.each(verbs.filter((path) => verbAt(path).commands.length === 0).map((path) => [path]))(
    'is an option of %j',
    (path) => {
      // It prints what a shell reads.
      if (path.join(' ') === 'completion') return;
      expect(verbAt(path).options.map(({ long }) => long)).toContain('--json');
    },
  );
});

it('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(await weir(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});
