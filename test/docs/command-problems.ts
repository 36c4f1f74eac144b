// What is wrong with a command that a guide shows: a script, verb or flag that does not exist. Commands of other programs are
// taken as they are.
import { existsSync, readFileSync } from 'node:fs';
import { configOptions } from '@weir/runtime';
import type { Command } from 'commander';
import { createProgram } from '../../cli/src/program.ts';
import { SERVICES } from '../../cli/src/services.ts';
import { ROOT } from '../structure/packages.ts';

const { scripts } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as {
  scripts: Record<string, string>;
};
const SERVICE_FLAGS = ['--help', '--print-config', '--config'];

/** A placeholder such as NAME or `...` stands for anything. */
export async function commandProblem([program, ...args]: readonly string[]): Promise<string | undefined> {
  if (program === 'weir') return await weirProblem(args);
  if (program === 'npm') return await npmProblem(args);
  if (program !== 'node' || !args[0]?.includes('/') || existsSync(`${ROOT}/${args[0]}`)) return undefined;
  return `there is no file ${args[0]}`;
}

async function npmProblem(args: readonly string[]): Promise<string | undefined> {
  const [verb, ...rest] = args[0] === 'run' ? args.slice(1) : args;
  if (args[0] !== 'run' && verb !== 'test' && verb !== 'start') return undefined;
  const script = scripts[verb ?? ''];
  if (script === undefined) return `package.json has no script ${verb}`;
  const given = rest[0] === '--' ? rest.slice(1) : rest;
  const [weir] = /(?<=^node cli\/src\/main\.ts).*/.exec(script) ?? [];
  if (weir !== undefined)
    return await weirProblem([...weir.split(' ').filter((word) => word !== ''), ...given]);
  if (verb !== 'bench' || !isName(given[0]) || existsSync(`${ROOT}/test/bench/${given[0]}.ts`))
    return undefined;
  return `there is no benchmark ${given[0]}`;
}

async function weirProblem(words: readonly string[]): Promise<string | undefined> {
  let command: Command = createProgram({});
  let at = 0;
  for (; command.commands.length > 0 && isName(words[at]); at++) {
    const found = command.commands.find((one) => one.name() === words[at]);
    if (found === undefined) return `there is no ${nameOf(command)} ${words[at]}`;
    command = found;
  }
  const flags = words
    .slice(at)
    .filter((word) => word.startsWith('--'))
    .map((word) => word.replace(/=.*/s, ''));
  const known = new Set(await flagsOf(command));
  const unknown = flags.filter((flag) => !known.has(flag));
  return unknown.length === 0 ? undefined : `${nameOf(command)} has no ${unknown.join(', ')}`;
}

async function flagsOf(command: Command): Promise<string[]> {
  const service = SERVICES.find(({ name }) => name === command.name() && command.parent?.parent === null);
  if (service === undefined) return ['--help', ...command.options.map(({ long }) => long ?? '')];
  const options = configOptions((await service.load()).config);
  return [
    ...SERVICE_FLAGS,
    ...options.map(({ flag }) => `--${flag}`),
    ...options.filter(({ kind }) => kind === 'boolean').map(({ flag }) => `--no-${flag}`),
  ];
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

function isName(word: string | undefined): word is string {
  return word !== undefined && /^[a-z][a-z0-9-]*$/.test(word);
}
