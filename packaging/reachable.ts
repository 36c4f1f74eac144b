// Which compiled files of a package its users can come to. What only tests use is not published.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Manifest } from './published-manifest.ts';

/** A module of our own by its text: imported, or named to start a thread or a process with. */
const OWN_MODULE = /(['"])(\.{1,2}\/[^'"\n]+)\.js\1/g;

/**
 * @param dist where the compiled source of the package is
 * @param published its manifest, with entries in `./dist`
 * @returns files from `dist`: `core/a.js`, `core/a.d.ts`
 */
export function reachable(dist: string, published: Manifest): string[] {
  const files = new Set<string>();
  const modules = new Set(entries(dist, published));
  for (const module of modules) {
    for (const file of [`${module}.js`, `${module}.d.ts`].filter((name) => existsSync(join(dist, name)))) {
      files.add(file);
      for (const [, , path] of readFileSync(join(dist, file), 'utf8').matchAll(OWN_MODULE)) {
        modules.add(posix.join(posix.dirname(file), path!));
      }
    }
  }
  return [...files].sort();
}

/** Modules, without their extension. */
function entries(dist: string, { exports = {}, bin = {} }: Manifest): string[] {
  const targets = Object.values(exports).map((target) =>
    typeof target === 'string' ? target : target.default,
  );
  return [...targets, ...Object.values(bin)]
    .map((path) => posix.normalize(path))
    .filter((path) => path.startsWith('dist/') && path.endsWith('.js'))
    .flatMap((path) => globSync(path.slice('dist/'.length), { cwd: dist }))
    .map((path) => path.replace(/\.js$/, ''));
}
