// A Python with packages: a virtual environment in the tools' folder, made once for each list of packages and Python.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTool, TOOLS_FOLDER } from './tool-path.ts';

/**
 * The interpreter of an environment that has these packages.
 * @param requirements path of a requirements.txt
 * @throws Error that says what is missing.
 */
export function pythonWith(requirements: string): string {
  const system = findTool('python3');
  if (system === undefined)
    throw new Error('no python3 on the PATH (3.11 or newer), and none named in PYTHON3');
  const version = run(system, ['--version']);
  const hash = createHash('sha256').update(version).update(readFileSync(requirements)).digest('hex');
  const folder = join(TOOLS_FOLDER, 'python', hash.slice(0, 16));
  const python = join(folder, 'bin', 'python');
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return python;
  rmSync(folder, { recursive: true, force: true });
  run(system, ['-m', 'venv', folder]);
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
  writeFileSync(complete, '');
  return python;
}

/** @returns stdout */
function run(command: string, argv: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, argv, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${argv.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}
