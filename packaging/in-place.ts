// `prepack` and `postpack` of every public package, for a plain `npm pack` in its folder: `node in-place.ts begin|end`, run
// there. Between the two the folder is as it is published; the checkout's package.json waits beside it, so that a pack that
// was killed is put right by the next one.
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { compile } from './compile.ts';
import { stage } from './stage.ts';
import { readManifest } from './workspace.ts';

const here = process.cwd();
const [own, saved] = [join(here, 'package.json'), join(here, '.package.json')];

const action = process.argv[2];
if (action !== 'begin' && action !== 'end') throw new Error('usage: in-place.ts begin|end');
end();
if (action === 'begin') begin();

function begin(): void {
  const manifest = readManifest(here);
  const scratch = mkdtempSync(join(tmpdir(), 'weir-pack-'));
  try {
    compile(scratch);
    renameSync(own, saved);
    stage({ folder: basename(here), manifest }, scratch, here);
  } catch (error) {
    end();
    throw error;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function end(): void {
  if (existsSync(saved)) renameSync(saved, own);
  for (const made of ['dist', 'LICENSE']) rmSync(join(here, made), { recursive: true, force: true });
}
