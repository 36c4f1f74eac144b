// Weir's packages, who may import whom, and which folders are pure. The rules that the tests here enforce.
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

const BASE = ['proto'];
const SERVICE = ['proto', 'sdk', 'streams', 'model', 'runtime'];

export const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  proto: [],
  store: [],
  runtime: BASE,
  ps: ['proto', 'store', 'runtime'],
  sdk: BASE,
  streams: ['proto', 'store', 'runtime'],
  model: BASE,
  stitcher: ['proto', 'sdk', 'store', 'streams', 'runtime'],
  trainer: SERVICE,
  predictor: SERVICE,
  quickstart: SERVICE,
  cli: [
    'proto',
    'store',
    'runtime',
    'ps',
    'sdk',
    'streams',
    'model',
    'stitcher',
    'trainer',
    'predictor',
    'quickstart',
  ],
};

/** Without I/O, clock or randomness: folders, less the files that may. */
export const PURE: readonly { readonly folder: string; readonly except: readonly string[] }[] = [
  { folder: 'proto/src', except: ['proto/src/gen/', 'proto/src/tls/'] },
  { folder: 'model/src', except: ['model/src/load-model.ts'] },
  { folder: 'ps/src/kernel', except: [] },
  { folder: 'ps/src/kernel-wasm', except: ['ps/src/kernel-wasm/load-kernel.ts'] },
  { folder: 'ps/src/core', except: [] },
  { folder: 'stitcher/src/core', except: [] },
  { folder: 'trainer/src/core', except: [] },
];

/** The files that import what a setting names. */
export const MAY_COMPUTE_IMPORTS: readonly string[] = ['model/src/load-model.ts'];

export interface SourceFile {
  /** From the root, with slashes. */
  readonly path: string;
  readonly packageName: string;
  readonly text: string;
  readonly isTest: boolean;
}

/** Every TypeScript file of the packages that is written by hand. */
export function sourceFiles(): SourceFile[] {
  return Object.keys(ALLOWED).flatMap((packageName) => {
    const { exported } = manifestOf(packageName);
    // What tests share is test code, unless users get it too, as with @weir/ps/testing.
    const sharesTests = exported.some((path) => path.includes('/testing/'));
    const isTest = (path: string): boolean =>
      path.endsWith('.test.ts') || (!sharesTests && path.includes('/testing/'));
    return globSync(`${packageName}/{src,scripts}/**/*.ts`, { cwd: ROOT })
      .filter((path) => !path.startsWith('proto/src/gen/'))
      .sort()
      .map((path) => ({
        path,
        packageName,
        text: readFileSync(`${ROOT}/${path}`, 'utf8'),
        isTest: isTest(path),
      }));
  });
}

export interface PackageManifest {
  readonly name: string;
  readonly dependencies: readonly string[];
  /** Files that users can import. */
  readonly exported: readonly string[];
}

export function manifestOf(packageName: string): PackageManifest {
  const content = JSON.parse(readFileSync(`${ROOT}/${packageName}/package.json`, 'utf8')) as {
    name: string;
    dependencies?: Record<string, string>;
    exports?: Record<string, string>;
  };
  return {
    name: content.name,
    dependencies: Object.keys(content.dependencies ?? {}),
    exported: Object.values(content.exports ?? {}),
  };
}
