// Projects outside the checkout, as their owners make them: made, filled by npm, compiled, run.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { installedNode, type NodeMajor } from '../tools/node-versions.ts';

const run = promisify(execFile);
const TSC = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url));

export function emptyProject(folder: string): string {
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  return folder;
}

/** Without install scripts, so that nothing comes to depend on one; nothing but runtime dependencies. */
export function install(folder: string, packages: readonly string[]): void {
  npmInstall(folder, ['--omit=dev', ...packages]);
}

/** With what the project's own package.json asks for besides, for development too. */
export function installAll(folder: string, packages: readonly string[]): void {
  npmInstall(folder, packages);
}

function npmInstall(folder: string, argv: readonly string[]): void {
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  execFileSync('npm', ['install', ...flags, ...argv], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** The environment in which `node` is this one, and nothing says that a test is running. */
export function onNode(major: NodeMajor): NodeJS.ProcessEnv {
  const { VITEST: _, NODE_ENV: __, NODE_OPTIONS: ___, ...env } = process.env;
  return { ...env, PATH: `${dirname(installedNode(major))}${delimiter}${process.env.PATH}` };
}

export const RESOLUTIONS = {
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
} as const;

/**
 * Compiles a file of a project to JavaScript beside it, as strictly as there is, with the declarations of its dependencies.
 * @throws Error with what the compiler said
 */
export async function compileFile(
  folder: string,
  file: string,
  resolution: keyof typeof RESOLUTIONS,
): Promise<void> {
  const compilerOptions = {
    target: 'es2022',
    ...RESOLUTIONS[resolution],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    types: ['node'],
    rootDir: '.',
  };
  const config = join(folder, `tsconfig.${resolution}.json`);
  writeFileSync(config, JSON.stringify({ compilerOptions, files: [file] }));
  await output(TSC, ['-p', config], { cwd: folder });
}

/** stdout. @throws Error with everything that was said */
export async function output(
  command: string,
  argv: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<string> {
  try {
    const { stdout } = await run(command, argv, {
      ...options,
      timeout: 300_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  } catch (thrown) {
    const { message, stdout, stderr } = thrown as Error & { stdout?: string; stderr?: string };
    throw new Error([message, stdout, stderr].join('\n'), { cause: thrown });
  }
}
