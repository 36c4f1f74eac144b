// Where a real tool of the suites stands: its own variable, `$WEIR_TOOLS/bin` (default ~/.cache/weir-tools), or the PATH.
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

export const TOOLS_FOLDER = process.env.WEIR_TOOLS ?? join(homedir(), '.cache', 'weir-tools');
export const TOOLS_BIN = join(TOOLS_FOLDER, 'bin');

/** Undefined: it is nowhere. */
export function findTool(name: string): string | undefined {
  const named = process.env[name.toUpperCase()];
  if (named !== undefined && named !== '') return named;
  const folders = [TOOLS_BIN, ...(process.env.PATH ?? '').split(delimiter)];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** @throws Error that says how to get it: a suite without its tool proves nothing. */
export function toolPath(name: string): string {
  const found = findTool(name);
  if (found !== undefined) return found;
  throw new Error(
    `no ${name} in ${TOOLS_BIN} nor on the PATH: run \`node test/tools/install.ts ${name}\`, or name one in ${name.toUpperCase()}`,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
