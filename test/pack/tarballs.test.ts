// Every tarball by itself: what is in it, and what two tools that know packages say of it.
import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, inject, it } from 'vitest';
import type { Manifest } from '../../packaging/published-manifest.ts';
import { publicPackages, ROOT } from '../../packaging/workspace.ts';
import { importsOf } from '../structure/source-code.ts';
import { tarballFiles, tarballText } from './tarball.ts';

const run = promisify(execFile);
const tarballs = Object.entries(inject('tarballs'));
const manifestIn = (tarball: string) => JSON.parse(tarballText(tarball, 'package.json')) as Manifest;

/** What a package reads beside its code. */
const DATA: Readonly<Record<string, readonly string[]>> = {
  '@weir/proto': ['dist/gen/descriptor-set.binpb', 'weir/v1/parameter_server.proto'],
  '@weir/ps': [
    'dist/kernel-wasm/gen/row-kernel.wasm',
    'dist/kernel-wasm/gen/row-copies.wasm',
    'dist/testing/shard.js',
  ],
  '@weir/runtime': ['dist/process/parent-watchdog.js'],
  '@weir/predictor': ['dist/static-part/static-worker.js'],
  '@weir/quickstart': [
    'page/index.html',
    'page/page.css',
    'page/dist/page/main.js',
    'data/movielens-latest-small/ratings.csv.gz',
    'data/movielens-latest-small/doc-vector.onnx',
    'data/movielens-latest-small/LICENSE.txt',
  ],
};

it('there is a tarball of every public package', () => {
  expect(tarballs.map(([name]) => name).sort()).toEqual(
    publicPackages()
      .map(({ manifest }) => manifest.name)
      .sort(),
  );
});

it('a plain npm pack makes the same, and leaves the folder as it was', async () => {
  const folder = join(ROOT, 'sdk');
  const before = [readdirSync(folder), readFileSync(join(folder, 'package.json'), 'utf8')];
  const destination = mkdtempSync(join(inject('scratch'), 'plain-'));
  await run('npm', ['pack', '--pack-destination', destination], { cwd: folder });
  expect([readdirSync(folder), readFileSync(join(folder, 'package.json'), 'utf8')]).toEqual(before);
  const [packed] = readdirSync(destination);
  const [plain, ours] = [join(destination, packed!), inject('tarballs')['@weir/sdk']!];
  expect(tarballFiles(plain)).toEqual(tarballFiles(ours));
  for (const file of ['package.json', 'dist/weir.js', 'dist/weir.d.ts']) {
    expect(tarballText(plain, file), file).toBe(tarballText(ours, file));
  }
});

describe.each(tarballs)('%s', (name, tarball) => {
  it('has code, declarations, license and a README, and nothing of the source or of tests', () => {
    const files = tarballFiles(tarball);
    const entries = Object.values(manifestIn(tarball).exports ?? {})
      .flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)))
      .filter((path) => !path.includes('*'))
      .map((path) => posix.normalize(path));
    expect(entries.length).toBeGreaterThan(0);
    const wanted = ['LICENSE', 'README.md', 'package.json', ...entries, ...(DATA[name] ?? [])];
    expect(files).toEqual(expect.arrayContaining(wanted));
    expect(files.filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))).toEqual([]);
    expect(files.filter((file) => /\.test\.|(^|\/)node_modules\//.test(file))).toEqual([]);
    expect(tarballText(tarball, 'LICENSE')).toBe(readFileSync(`${ROOT}/LICENSE`, 'utf8'));
    expect(tarballText(tarball, 'README.md')).toMatch(new RegExp(`^# ${name}\n`));
  });

  it('has a manifest that stands without the checkout', () => {
    const manifest = manifestIn(tarball);
    expect(manifest).toMatchObject({
      name,
      license: 'Apache-2.0',
      type: 'module',
      description: expect.any(String),
      engines: { node: expect.stringMatching(/^>=2[24]$/) },
      sideEffects: expect.anything(),
    });
    expect(Object.keys(manifest)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(scripts|devDependencies|private|workspaces)$/)]),
    );
    expect(JSON.stringify(manifest)).not.toMatch(/\bsrc\/|\.ts"(?<!\.d\.ts")|workspace:|file:/);
  });

  it('imports what it has, or depends on', () => {
    const { dependencies = {} } = manifestIn(tarball);
    const files = new Set(tarballFiles(tarball));
    const installed = join(inject('wholeProject'), 'node_modules', name);
    const missing = [...files]
      .filter((file) => /\.(js|d\.ts)$/.test(file) && file.startsWith('dist/'))
      .flatMap((file) =>
        importsOf(readFileSync(join(installed, file), 'utf8'))
          .filter(({ specifier }) => !isThere(specifier, file, files, dependencies))
          .map(({ specifier }) => `${file}: ${specifier}`),
      );
    expect(missing).toEqual([]);
  });

  it('has the syntax of the Node that it asks for', () => {
    const { engines } = manifestIn(tarball) as unknown as { engines: { node: string } };
    const installed = join(inject('wholeProject'), 'node_modules', name);
    const using = globSync('dist/**/*.js', { cwd: installed }).filter((file) =>
      /^\s*(await )?using \w+ =/m.test(readFileSync(join(installed, file), 'utf8')),
    );
    if (engines.node === '>=22') expect(using).toEqual([]);
  });

  it('is what publint recommends', async () => {
    await run('publint', ['run', tarball, '--strict']);
  });

  it('has types that every way to resolve an ES module finds', async () => {
    // Bytes, which have no types.
    const bytes = name === '@weir/proto' ? ['--exclude-entrypoints', './descriptor-set'] : [];
    await run('attw', [tarball, '--profile', 'esm-only', ...bytes]);
  });
});

function isThere(
  specifier: string,
  file: string,
  files: ReadonlySet<string>,
  dependencies: Readonly<Record<string, string>>,
): boolean {
  if (specifier.startsWith('node:')) return builtinModules.includes(specifier.slice('node:'.length));
  if (!specifier.startsWith('.')) {
    const parts = specifier.split('/');
    return (specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!) in dependencies;
  }
  const target = posix.join(posix.dirname(file), specifier);
  return files.has(file.endsWith('.d.ts') ? target.replace(/\.js$/, '.d.ts') : target);
}
