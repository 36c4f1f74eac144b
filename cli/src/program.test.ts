import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runProgram } from './program.ts';

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

describe('help', () => {
  it.each([
    [[]],
    [['dev']],
    [['replay']],
    [['explain']],
    [['table']],
    [['table', 'create']],
    [['table', 'list']],
    [['table', 'describe']],
    [['table', 'drop']],
    [['pull']],
    [['push']],
    [['status']],
    [['routing']],
    [['source']],
    [['source', 'describe']],
    [['source', 'reset']],
    [['verify']],
    [['size']],
  ])('of %j has an example', async (verb) => {
    const { code, stdout, stderr } = await weir([...verb, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`Usage: ${['weir', ...verb].join(' ')}`));
    expect(stdout).toMatch(/Examples?:\n {2}weir /);
  });
});
