// Compiles the source of all packages, in one program: JavaScript and declarations, `sdk/src/a.ts` as `OUT/sdk/src/a.js`.
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './workspace.ts';

/** Imports of our own files, in declarations: the compiler rewrites those of the code only. */
const OWN_IMPORT = /(\bfrom\s+|\bimport\(\s*|\bimport\s+)(['"])(\.{1,2}\/[^'"\n]+)\.ts\2/g;

/** The later ones over the earlier ones. */
const PROJECTS = ['tsconfig.json', 'tsconfig.node22.json'];

/** Generated code has to be there (`npm run prepare`). Throws an Error when something does not compile. */
export function compile(out: string): void {
  for (const project of PROJECTS) {
    const argv = ['-p', join(ROOT, 'packaging', project), '--outDir', out];
    execFileSync(join(ROOT, 'node_modules', '.bin', 'tsc'), argv, { stdio: 'inherit' });
  }
  for (const file of globSync('**/*.d.ts', { cwd: out })) {
    const path = join(out, file);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace(OWN_IMPORT, '$1$2$3.js$2'));
  }
}
