// Makes of a package's folder and its compiled source what is published: `dist`, the published package.json, the license.
import { copyFileSync, cpSync, globSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { publishedManifest } from './published-manifest.ts';
import { reachable } from './reachable.ts';
import { type PublicPackage, ROOT } from './workspace.ts';

/** What the code reads beside itself: the descriptor set, the kernel. */
const DATA = '**/*.{binpb,wasm}';

/**
 * Writes `dist`, package.json and LICENSE of a package to `into`.
 * @param compiled what `compile` made
 */
export function stage({ folder, manifest }: PublicPackage, compiled: string, into: string): void {
  const published = publishedManifest(manifest);
  const [built, source] = [join(compiled, folder, 'src'), join(ROOT, folder, 'src')];
  const copy = (from: string, file: string): void => {
    const to = join(into, 'dist', file);
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(join(from, file), to);
  };
  for (const file of reachable(built, published)) copy(built, file);
  for (const file of globSync(DATA, { cwd: source })) copy(source, file);
  copyFileSync(join(ROOT, 'LICENSE'), join(into, 'LICENSE'));
  writeFileSync(join(into, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
}

/** A folder that `npm pack` can take, apart from the checkout: what is staged, and the other files that are published. */
export function stageApart(one: PublicPackage, compiled: string, into: string): void {
  mkdirSync(into, { recursive: true });
  const from = join(ROOT, one.folder);
  for (const name of ['README.md', ...(one.manifest.files ?? []).filter((file) => file !== 'dist')]) {
    cpSync(join(from, name), join(into, name), { recursive: true });
  }
  stage(one, compiled, into);
}
