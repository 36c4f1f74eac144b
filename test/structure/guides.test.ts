// What guides show is what there is: their code compiles, their commands have the verbs and flags they use, their JSON is JSON.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { writtenPages } from '../../docs/.vitepress/pages.ts';
import { brokenLinks } from '../docs/broken-links.ts';
import { codeBlocks, codeSpans } from '../docs/code-blocks.ts';
import { commandProblem } from '../docs/command-problems.ts';
import { shellCommands } from '../docs/shell-commands.ts';
import { compile, typeScriptFiles, writeFiles } from '../docs/typescript-files.ts';
import { ROOT } from './packages.ts';

const pages = writtenPages();
const blocks = pages.flatMap(codeBlocks);

async function problems(commands: readonly { where: string; words: readonly string[] }[]): Promise<string[]> {
  const found = await Promise.all(
    commands.map(async ({ where, words }) => {
      const problem = await commandProblem(words);
      return problem === undefined ? [] : [`${where}: ${problem}`];
    }),
  );
  return found.flat();
}

describe('the guides', () => {
  it('show TypeScript that compiles', async () => {
    // Inside the checkout, so that it finds the packages as a reader's own file would.
    mkdirSync(`${ROOT}/.weir`, { recursive: true });
    const folder = mkdtempSync(`${ROOT}/.weir/guides-`);
    try {
      const files = typeScriptFiles(blocks);
      writeFiles(folder, files);
      expect(files.length).toBeGreaterThan(0);
      expect(await compile(folder, files)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('show commands with scripts, verbs and flags that there are', async () => {
    const commands = blocks
      .filter(({ language }) => language === 'sh')
      .flatMap(({ page, line, code }) =>
        shellCommands(code).map((command) => ({
          where: `${page}:${line + 1 + command.line}`,
          words: command.words,
        })),
      );
    expect(commands.length).toBeGreaterThan(0);
    expect(await problems(commands)).toEqual([]);
  });

  it('name in their text commands that there are', async () => {
    const commands = pages
      .flatMap(codeSpans)
      .filter(({ code }) => /^((npx )?weir|npm) [a-z]/.test(code))
      .flatMap(({ page, line, code }) =>
        shellCommands(code).map(({ words }) => ({ where: `${page}:${line}`, words })),
      );
    expect(await problems(commands)).toEqual([]);
  });

  it('link to files and headings that there are', () => {
    expect(brokenLinks(pages)).toEqual([]);
  });

  it('show JSON that parses, as a whole or line by line', () => {
    const json = blocks.filter(({ language }) => language === 'json');
    expect(json.filter(({ code }) => !isJson(code) && !code.split('\n').every(isJson))).toEqual([]);
  });

  it('name a language for every block that is code', () => {
    const known = ['', 'ts', 'sh', 'json', 'yaml', 'python', 'txt', 'text'];
    expect(
      blocks.filter(({ language }) => !known.includes(language)).map(({ page, line }) => `${page}:${line}`),
    ).toEqual([]);
  });
});

describe('the check of commands', () => {
  it.each([
    ['weir tabel list', 'there is no weir tabel'],
    ['weir table lisst', 'there is no weir table lisst'],
    ['npx weir ps --id a --durabilty process', 'weir ps has no --durabilty'],
    ['A=b weir pull doc 7 \\\n  --seed h:1', 'weir pull has no --seed'],
    ['npm run tset', 'package.json has no script tset'],
    ['mkdir -p x && npm start -- --scenarios shop # a remark', 'weir dev has no --scenarios'],
    ['npm run bench -- nothing --json', 'there is no benchmark nothing'],
    ['node test/nothing.ts', 'there is no file test/nothing.ts'],
  ])('finds what is wrong with %j', async (code, problem) => {
    const found = await Promise.all(shellCommands(code).map(({ words }) => commandProblem(words)));
    expect(found.filter((one) => one !== undefined)).toEqual([problem]);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
