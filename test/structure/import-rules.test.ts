import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type File, type ImportRules, importViolations, wildcardExports } from './import-rules.ts';
import { ALLOWED, MAY_COMPUTE_IMPORTS, manifestOf, ROOT, sourceFiles } from './packages.ts';

const packages = Object.keys(ALLOWED);
const rules: ImportRules = {
  allowed: ALLOWED,
  dependencies: Object.fromEntries(packages.map((name) => [name, manifestOf(name).dependencies])),
  mayComputeImports: MAY_COMPUTE_IMPORTS,
};

describe('imports between packages', () => {
  const files = sourceFiles();

  it('are looked for in every package of the workspace', () => {
    const withManifest = readdirSync(ROOT, { withFileTypes: true })
      .filter(
        (entry) =>
          entry.isDirectory() &&
          !['node_modules', 'test', 'docs', 'charts', 'ops', 'packaging', 'dist'].includes(entry.name),
      )
      .map((entry) => entry.name)
      .filter((name) => !name.startsWith('.'));
    expect(withManifest.sort()).toEqual([...packages].sort());
    for (const name of packages) {
      expect(files.filter((file) => file.packageName === name).length, name).toBeGreaterThan(0);
    }
  });

  it('keep the rules', () => {
    expect(files.flatMap((file) => importViolations(file, rules))).toEqual([]);
  });

  it('are explicit: nothing exports *', () => {
    expect(files.flatMap(wildcardExports)).toEqual([]);
  });

  it.each(packages)('are possible only where package.json of %s allows them', (name) => {
    const { name: fullName, dependencies } = manifestOf(name);
    expect(fullName).toBe(`@weir/${name}`);
    const ours = dependencies.filter((dependency) => dependency.startsWith('@weir/')).sort();
    const allowed = ALLOWED[name]!.map((other) => `@weir/${other}`);
    expect(ours.filter((dependency) => !allowed.includes(dependency))).toEqual([]);
  });
});

describe('the check of imports', () => {
  const planted = (path: string, text: string): string[] => {
    const file: File = { path, packageName: path.split('/')[0]!, text, isTest: path.endsWith('.test.ts') };
    return [...importViolations(file, rules), ...wildcardExports(file)];
  };

  it.each([
    ['proto/src/a.ts', "import { x } from '@weir/sdk';"],
    ['sdk/src/a.ts', "import type { x } from '@weir/ps';"],
    ['sdk/src/a.ts', "const x = await import('@weir/ps/testing');"],
    ['trainer/src/a.ts', "import { x } from '@weir/predictor';"],
    ['stitcher/src/a.ts', "export { x } from '@weir/model';"],
    ['ps/src/a.ts', "import { x } from '@weir/cli';"],
    ['ps/src/a.ts', "import { x } from '@weir/ps';"],
    ['ps/src/a.ts', "import { x } from '../../store/src/index.ts';"],
    ['ps/src/a.ts', "import { x } from './b';"],
    ['store/src/a.ts', "import { z } from 'zod';"],
    ['ps/src/a.ts', 'await import(name);'],
    ['ps/src/a.ts', "export * from './b.ts';"],
  ])('catches in %s: %s', (path, text) => {
    expect(planted(path, text)).toHaveLength(1);
  });

  it.each([
    ['ps/src/a.ts', "import { x } from '@weir/store';"],
    ['ps/src/core/a.ts', "import { x } from '../b.ts';"],
    ['sdk/src/a.ts', "import { x } from '@weir/proto/v1/records';"],
    ['sdk/src/a.test.ts', "import { startCluster } from '@weir/ps/testing';"],
    ['model/src/load-model.ts', 'await import(path);'],
  ])('lets pass in %s: %s', (path, text) => {
    expect(planted(path, text)).toEqual([]);
  });
});
