// What docs/python.md shows is what `npm run test:python` runs.
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeBlocks } from '../docs/code-blocks.ts';
import { ROOT } from './packages.ts';

describe('the guide to Python', () => {
  it('shows code of the files that are run', () => {
    const files = globSync(['docs/examples/python/*.py', 'test/python/*.py'], { cwd: ROOT });
    const sources = files.map((file) => readFileSync(`${ROOT}/${file}`, 'utf8'));
    const blocks = codeBlocks('docs/python.md').filter(({ language }) => language === 'python');
    expect(blocks.length).toBeGreaterThan(4);
    const unknown = blocks.filter(({ code }) => !sources.some((source) => source.includes(`${code}\n`)));
    expect(unknown.map(({ line, code }) => `docs/python.md:${line}: ${code}`)).toEqual([]);
  });
});
