// The TypeScript blocks of all pages as files of one program: a folder for each page, a file for each block that begins one.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { ROOT } from '../structure/packages.ts';
import { type CodeBlock, fileName } from './code-blocks.ts';

export interface TypeScriptFile {
  readonly page: string;
  /** Within the folder that all are written to. */
  readonly path: string;
  readonly text: string;
  readonly runs: boolean;
  /** Of the page, for each line of the text; 0 for what a comment has given. */
  readonly pageLines: readonly number[];
}

/** @throws for a block that continues nothing. */
export function typeScriptFiles(blocks: readonly CodeBlock[]): TypeScriptFile[] {
  const files: TypeScriptFile[] = [];
  for (const block of blocks.filter(({ language }) => language === 'ts')) {
    const { page, line, flags } = block;
    const name = fileName(block);
    const last = files.at(-1);
    const continues = flags.includes('continues');
    if (continues && last?.page !== page) throw new Error(`${page}:${line}: the block continues nothing`);
    const begun = continues ? files.pop()! : undefined;
    const given = block.given === '' ? [] : block.given.trimEnd().split('\n');
    const code = block.code.split('\n');
    files.push({
      page,
      path: begun?.path ?? `${page.replace(/\.md$/, '')}/${name ?? `line-${line}.ts`}`,
      text: [...(begun ? [begun.text] : []), ...given, ...code].join('\n'),
      runs: flags.includes('runs') || begun?.runs === true,
      pageLines: [...(begun?.pageLines ?? []), ...given.map(() => 0), ...code.map((_, i) => line + 1 + i)],
    });
  }
  return files;
}

export function writeFiles(folder: string, files: readonly TypeScriptFile[]): void {
  for (const { path, text } of files) {
    mkdirSync(dirname(`${folder}/${path}`), { recursive: true });
    // A block without an import is a module all the same, or its names would be everybody's.
    writeFileSync(`${folder}/${path}`, `${text}\nexport {};\n`);
  }
}

/** What the compiler says, by page and line. */
export async function compile(folder: string, files: readonly TypeScriptFile[]): Promise<string[]> {
  // What the packages declare of others is not imported by anybody.
  const include = [`${ROOT}/*/src/**/*.d.ts`];
  const config = { extends: `${ROOT}/tsconfig.json`, files: files.map(({ path }) => path), include };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(config));
  const output = await new Promise<string>((resolve) => {
    const tsc = `${ROOT}/node_modules/.bin/tsc`;
    execFile(tsc, ['--noEmit', '--pretty', 'false', '-p', folder], { cwd: ROOT }, (_, stdout) =>
      resolve(stdout),
    );
  });
  const byPath = new Map(files.map((file) => [`${relative(ROOT, folder)}/${file.path}`, file]));
  return output
    .split('\n')
    .filter((line) => line.includes('error TS'))
    .map((line) => {
      const [, path, at, message] = /^(.+?)\((\d+),\d+\): error (.*)$/.exec(line) ?? [];
      const file = byPath.get(path ?? '');
      return file === undefined ? line : `${file.page}:${file.pageLines[Number(at) - 1]}: ${message}`;
    });
}
