// Packs every public package into a folder, without touching the checkout's own files.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile } from './compile.ts';
import { stageApart } from './stage.ts';
import { publicPackages } from './workspace.ts';

/** By the package's name, the path of its tarball in `out`. */
export function packAll(out: string): Map<string, string> {
  const scratch = mkdtempSync(join(tmpdir(), 'weir-pack-'));
  try {
    mkdirSync(out, { recursive: true });
    const compiled = join(scratch, 'compiled');
    compile(compiled);
    const packages = publicPackages();
    const folders = packages.map((one) => {
      const folder = join(scratch, one.folder);
      stageApart(one, compiled, folder);
      return folder;
    });
    const argv = ['pack', '--json', '--ignore-scripts', '--pack-destination', out, ...folders];
    const answer = execFileSync('npm', argv, { cwd: scratch, encoding: 'utf8' });
    return new Map(packed(answer).map(({ name, filename }) => [name, join(out, filename)]));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Packed {
  readonly name: string;
  readonly filename: string;
}

/** npm 12 answers with an object by name, those before with a list. */
function packed(answer: string): Packed[] {
  const parsed = JSON.parse(answer) as Packed[] | Record<string, Packed>;
  return Array.isArray(parsed) ? parsed : Object.values(parsed);
}
