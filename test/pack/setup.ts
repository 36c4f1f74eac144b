// Before all files: the public packages packed, and two projects outside the checkout that installed them, one with the
// client library and what a model is, one with everything.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { packAll } from '../../packaging/pack-all.ts';
import { emptyProject, install } from './projects.ts';

/** What a service of a team imports: each says that it runs on Node 22. */
const CLIENT = ['@weir/proto', '@weir/sdk', '@weir/model'];

declare module 'vitest' {
  interface ProvidedContext {
    /** By the package's name, its tarball. */
    readonly tarballs: Record<string, string>;
    /** Folders of projects. */
    readonly clientProject: string;
    readonly wholeProject: string;
    /** For more of them. */
    readonly scratch: string;
  }
}

export default function setup(project: TestProject): () => void {
  const scratch = mkdtempSync(join(tmpdir(), 'weir-test-pack-'));
  const remove = (): void => rmSync(scratch, { recursive: true, force: true });
  try {
    const tarballs = packAll(join(scratch, 'tarballs'));
    const withInstalled = (name: string, packages: readonly string[]): string => {
      const folder = emptyProject(join(scratch, name));
      install(
        folder,
        packages.map((one) => tarballs.get(one)!),
      );
      return folder;
    };
    project.provide('tarballs', Object.fromEntries(tarballs));
    project.provide('clientProject', withInstalled('client', CLIENT));
    project.provide('wholeProject', withInstalled('whole', [...tarballs.keys()]));
    project.provide('scratch', scratch);
    return remove;
  } catch (error) {
    remove();
    throw error;
  }
}
