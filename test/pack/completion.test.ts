// The completion scripts that the packed command prints, in the shells themselves.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { onNode, output } from './projects.ts';

const project = inject('wholeProject');
const WEIR = join(project, 'node_modules/.bin/weir');

async function scriptFor(shell: string): Promise<string> {
  const script = await output(WEIR, ['completion', shell], { cwd: project, env: onNode(24) });
  writeFileSync(join(project, `weir.${shell}`), script);
  return script;
}

/** Lines that a shell prints of a program in its language. */
async function said(shell: string, flags: readonly string[], code: string): Promise<string[]> {
  const stdout = await output(shell, [...flags, '-c', code], { cwd: project });
  return stdout.trim().split('\n').sort();
}

describe('weir completion', () => {
  it('completes in bash', async () => {
    await scriptFor('bash');
    const code = 'source ./weir.bash; COMP_WORDS=(weir ps --dur); COMP_CWORD=2; _weir; echo "$COMPREPLY"';
    expect(await said('bash', ['--norc'], code)).toEqual(['--durability']);
  });

  it('completes in fish', async () => {
    await scriptFor('fish');
    const completed = async (line: string): Promise<string[]> =>
      (await said('fish', ['--no-config'], `source weir.fish; complete -C '${line}'`)).map(
        (one) => one.split('\t')[0]!,
      );
    expect(await completed('weir table d')).toEqual(['describe', 'drop']);
    expect(await completed('weir ps --dur')).toEqual(['--durability']);
    expect(await completed('weir ps --durability ')).toEqual(['machine', 'memory', 'process']);
    expect(await completed('weir completion ')).toEqual(['bash', 'fish', 'zsh']);
  });

  it('completes in zsh', async () => {
    await scriptFor('zsh');
    // What zsh's own functions are given, since they answer inside its line editor only.
    const given = `
      compdef() { }
      source ./weir.zsh
      compadd() { shift; print -l -- "$@" }
      _describe() { print -l -- \${(P)2} }
      _files() { print files "$@" }
      completed() { words=(weir "$@"); CURRENT=$#words; _weir }`;
    const completed = (...words: string[]): Promise<string[]> =>
      said('zsh', ['-f'], `${given}\ncompleted ${words.map((word) => `'${word}'`).join(' ')}`);
    expect(await completed('table', '')).toEqual([
      expect.stringMatching(/^alter:/),
      expect.stringMatching(/^create:/),
      expect.stringMatching(/^describe:/),
      expect.stringMatching(/^drop:/),
      expect.stringMatching(/^list:/),
    ]);
    expect(await completed('ps', '--')).toContainEqual(expect.stringMatching(/^--durability:what /));
    expect(await completed('ps', '--durability', '')).toEqual(['machine', 'memory', 'process']);
    expect(await completed('dev', '--data', '')).toEqual(['files -/']);
  });
});
