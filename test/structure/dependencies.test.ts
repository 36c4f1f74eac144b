// What packages depend on is a list with reasons, in docs/packages.md: a dependency more or less is written there.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALLOWED, manifestOf, ROOT } from './packages.ts';

const packages = Object.keys(ALLOWED);
const guide = readFileSync(`${ROOT}/docs/packages.md`, 'utf8');
const names = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);

/** The rows of the table under a heading, cell by cell. */
function rows(header: string): string[][] {
  const [, after] = guide.split(`${header}\n`);
  if (after === undefined) throw new Error(`docs/packages.md has no table ${header}`);
  const lines = after.slice(0, after.indexOf('\n\n')).split('\n').slice(1);
  return lines.map((line) => line.split('|').slice(1, -1));
}

describe('docs/packages.md', () => {
  const stated = rows('| dependency | of | why |');
  const listed = rows('| package | what it is | Node | builds on |');

  it.each(packages)('has all foreign packages on which %s depends, and no others', (name) => {
    const foreign = manifestOf(name).dependencies.filter((dependency) => !dependency.startsWith('@weir/'));
    const said = stated
      .filter(([, of]) => names(of!).includes(name))
      .flatMap(([dependency]) => names(dependency!));
    expect(said.sort()).toEqual([...foreign].sort());
  });

  it('says for each of them why', () => {
    for (const [dependency, , why] of stated) expect(why!.trim(), dependency).not.toBe('');
  });

  it.each(packages)('says what %s builds on, and which Node it needs', (name) => {
    const row = listed.find(([title]) => names(title!).includes(`@weir/${name}`));
    const manifest = JSON.parse(readFileSync(`${ROOT}/${name}/package.json`, 'utf8'));
    expect(`>=${row![2]!.trim()}`).toBe(manifest.engines.node);
    const ours = manifestOf(name).dependencies.filter((dependency) => dependency.startsWith('@weir/'));
    const said = row![3]!.trim();
    if (said === 'all') expect(ours.length).toBeGreaterThan(listed.length - 3);
    else expect(names(said).sort()).toEqual(ours.map((other) => other.slice('@weir/'.length)).sort());
  });
});
