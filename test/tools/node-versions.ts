// The versions of Node on which published packages are tried. Each comes from npm, once, to `$WEIR_TOOLS/node-VERSION`.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TOOLS_FOLDER } from './tool-path.ts';

/** By major version. */
export const NODE_VERSIONS = { 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' } as const;
export type NodeMajor = keyof typeof NODE_VERSIONS;

/** The path of its executable; installs it where it is missing, which downloads about 50 MB. */
export function installedNode(major: NodeMajor): string {
  const version = NODE_VERSIONS[major];
  const folder = join(TOOLS_FOLDER, `node-${version}`);
  if (!existsSync(folder)) {
    // Complete or not there: an installation that was interrupted must not be taken for one.
    const unfinished = `${folder}.${process.pid}`;
    mkdirSync(unfinished, { recursive: true });
    // Its install script puts the executable there.
    const manifest = { private: true, dependencies: { node: version }, allowScripts: { node: true } };
    writeFileSync(join(unfinished, 'package.json'), JSON.stringify(manifest));
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: unfinished });
    if (existsSync(folder)) rmSync(unfinished, { recursive: true });
    else renameSync(unfinished, folder);
  }
  return join(folder, 'node_modules', 'node', 'bin', 'node');
}
