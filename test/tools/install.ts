// `node test/tools/install.ts jaeger k6 prometheus chromium`: the real tools that the suites need. What is there already is left
// as it is. Jaeger and k6 are built from their Go modules (4 and 2 minutes on 2 cores); the others are Debian's packages.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool, TOOLS_BIN, TOOLS_FOLDER } from './tool-path.ts';

const JAEGER = 'github.com/jaegertracing/jaeger';
const JAEGER_VERSION = 'v1.76.0';
const JAEGER_MODULE = [
  'module local/build',
  'go 1.26.0',
  `require ${JAEGER} ${JAEGER_VERSION}`,
  // As in its own go.mod, where `go install` would refuse it.
  'replace github.com/Shopify/sarama => github.com/Shopify/sarama v1.33.0',
].join('\n\n');

const K6 = 'go.k6.io/k6@v1.8.1';

const INSTALLERS: Readonly<Record<string, () => void>> = {
  jaeger: buildJaeger,
  k6: () => buildModule(K6),
  prometheus: () => debianPackage('prometheus'),
  promtool: () => debianPackage('prometheus'),
  chromium: () => debianPackage('chromium'),
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => INSTALLERS[name] === undefined);
if (names.length === 0 || unknown.length > 0) {
  if (unknown.length > 0) process.stderr.write(`unknown: ${unknown.join(', ')}\n`);
  process.stderr.write(`usage: node test/tools/install.ts ${Object.keys(INSTALLERS).join('|')} ...\n`);
  process.exit(2);
}
for (const name of names) {
  if (findTool(name) === undefined) INSTALLERS[name]!();
  const path = findTool(name);
  if (path === undefined) fail(`${name} is still neither in ${TOOLS_BIN} nor on the PATH`);
  process.stdout.write(`${name}: ${path}\n`);
}

/** A program whose module can be built as it is. */
function buildModule(path: string): void {
  requireGo(path);
  mkdirSync(TOOLS_BIN, { recursive: true });
  process.stdout.write(`building ${path}, which takes some minutes\n`);
  run('go', ['install', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w', path], TOOLS_BIN, {
    GOBIN: TOOLS_BIN,
  });
}

function requireGo(what: string): void {
  if (spawnSync('go', ['version']).status === 0) return;
  fail(
    `${what} is built with Go 1.26 or newer, and there is no \`go\` on the PATH: see https://go.dev/doc/install`,
  );
}

function buildJaeger(): void {
  requireGo('jaeger');
  const folder = join(TOOLS_FOLDER, 'build', 'jaeger');
  for (const each of [folder, TOOLS_BIN]) mkdirSync(each, { recursive: true });
  // Any module will do to download from.
  const scratch = mkdtempSync(join(tmpdir(), 'weir-tools-'));
  run('go', ['mod', 'init', 'local/scratch'], scratch);
  const { Dir } = JSON.parse(
    run('go', ['mod', 'download', '-json', `${JAEGER}@${JAEGER_VERSION}`], scratch),
  ) as { Dir: string };
  const sums = join(folder, 'go.sum');
  copyFileSync(join(Dir, 'go.sum'), sums);
  // Files of the module cache are read-only.
  chmodSync(sums, 0o644);
  writeFileSync(join(folder, 'go.mod'), `${JAEGER_MODULE}\n`);
  process.stdout.write('building jaeger, which takes some minutes\n');
  const flags = ['-mod=mod', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w'];
  run('go', ['build', ...flags, '-o', `${TOOLS_BIN}/`, `${JAEGER}/cmd/jaeger`], folder);
}

function debianPackage(name: string): void {
  const install = ['install', '-y', '-qq', '--no-install-recommends', name];
  if (spawnSync('apt-get', install, { stdio: 'inherit' }).status === 0) return;
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
  if (spawnSync('apt-get', install, { stdio: 'inherit' }).status === 0) return;
  fail(
    `apt-get could not install ${name} (it needs to be root): install it another way, so that it is on the PATH`,
  );
}

/** @returns stdout */
function run(command: string, argv: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, error } = spawnSync(command, argv, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) fail(`${command} ${argv.join(' ')} failed${error ? `: ${error.message}` : ''}`);
  return stdout;
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
