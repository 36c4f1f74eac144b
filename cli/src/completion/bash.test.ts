// The script that `weir completion bash` prints, in a real bash.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../program.ts';
import { SERVICES } from '../services.ts';
import { bashCompletion } from './bash.ts';
import { everyVerb, nameOf, type Verb } from './verb.ts';
import { verbsOf } from './verbs-of.ts';

let root: Verb;
let folder: string;
beforeAll(async () => {
  root = await verbsOf(createProgram({}), SERVICES);
  folder = mkdtempSync(join(tmpdir(), 'weir-completion-'));
  writeFileSync(join(folder, 'weir.bash'), bashCompletion(root));
  for (const name of ['my model.ts', 'my-data.ndjson']) writeFileSync(join(folder, name), '');
  mkdirSync(join(folder, 'my-folder'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What Tab offers behind each of these lines; the last word is the one to complete. */
function offered(...lines: readonly (readonly string[])[]): string[][] {
  const calls = lines.map((words, i) => {
    const all = words.map((word) => `'${word}'`).join(' ');
    return `COMP_WORDS=(weir ${all}); COMP_CWORD=${words.length}; _weir; printf '${i} %s\\n' "\${COMPREPLY[@]}"`;
  });
  const script = ['source ./weir.bash', ...calls].join('\n');
  const said = execFileSync('bash', ['--norc', '-c', script], { cwd: folder, encoding: 'utf8' }).split('\n');
  return lines.map((_, i) =>
    said
      .filter((line) => line.startsWith(`${i} `) && line !== `${i} `)
      .map((line) => line.slice(`${i} `.length))
      .sort(),
  );
}

const one = (...words: string[]): string[] => offered(words)[0]!;

describe('completion in bash', () => {
  it('offers every verb and every option of every verb, those of services from their schemas', () => {
    const verbs = everyVerb(root);
    expect(verbs.length).toBeGreaterThan(25);
    const lines = verbs.map(({ path }) => path.split(' ').slice(1));
    const options = offered(...lines.map((words) => [...words, '-']));
    const below = offered(...lines.map((words) => [...words, '']));
    verbs.forEach((verb, i) => {
      expect(options[i], verb.path).toEqual(verb.options.map(({ name }) => name).sort());
      if (verb.verbs.length > 0) expect(below[i], verb.path).toEqual(verb.verbs.map(nameOf).sort());
    });
    expect(one('ps', '--dur')).toEqual(['--durability']);
  });

  it('offers what begins as the word does', () => {
    expect(one('sta')).toEqual(['status']);
    expect(one('table', 'd')).toEqual(['describe', 'drop']);
    expect(one('status', '--jso')).toEqual(['--json']);
    expect(one('nonsense')).toEqual([]);
  });

  it('offers the values of an option', () => {
    expect(one('replay', '--format', '')).toEqual(['jdata', 'movielens', 'ndjson', 'trivago']);
    expect(one('ps', '--durability', 'm')).toEqual(['machine', 'memory']);
    expect(one('completion', '')).toEqual(['bash', 'fish', 'zsh']);
    expect(one('status', '--seeds', '')).toEqual([]);
  });

  it('offers files and folders where one is meant', () => {
    expect(one('replay', '--input', 'my')).toEqual(['my model.ts', 'my-data.ndjson', 'my-folder']);
    expect(one('dev', '--data', 'my')).toEqual(['my-folder']);
    expect(one('trainer', '--model', 'my m')).toEqual(['my model.ts']);
  });

  it('goes on behind options and their values', () => {
    expect(one('table', 'create', 'doc', '--dim', '4', '--optimizer', 'ada')).toEqual(['adagrad', 'adam']);
    expect(one('replay', '--json', '--format', 'mov')).toEqual(['movielens']);
  });
});
