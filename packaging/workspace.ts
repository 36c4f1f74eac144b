// The packages that are published: every workspace that is not private.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Manifest } from './published-manifest.ts';

export const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

export interface PublicPackage {
  /** From the root: `sdk`. */
  readonly folder: string;
  /** Of the checkout. */
  readonly manifest: Manifest;
}

export function publicPackages(): PublicPackage[] {
  const { workspaces } = readManifest(ROOT) as unknown as { workspaces: string[] };
  return workspaces
    .map((folder) => ({ folder, manifest: readManifest(join(ROOT, folder)) }))
    .filter(({ manifest }) => manifest.private !== true);
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}
