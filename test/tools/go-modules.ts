// Tools that are built from their Go modules, with the module proxy's checksums.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail, run } from './run.ts';
import { TOOLS_BIN, TOOLS_FOLDER } from './tool-path.ts';

/** A module of our own that requires the tool's: for tools whose go.mod has lines that `go install` refuses. */
export interface OwnModule {
  /** Of its folder. */
  readonly name: string;
  /** Lines of its go.mod below `module` and `go`. */
  readonly lines: readonly string[];
  /** Taken over as it stands: what its authors built with. */
  readonly sums?: string;
  readonly linkerFlags?: string;
}

/** The folder, read-only, with the sources of `PATH@VERSION`. */
export function moduleFolder(module: string): string {
  requireGo();
  const scratch = mkdtempSync(join(tmpdir(), 'weir-tools-'));
  try {
    // Any module will do to download from.
    run('go', ['mod', 'init', 'local/scratch'], { cwd: scratch });
    return (JSON.parse(run('go', ['mod', 'download', '-json', module], { cwd: scratch })) as { Dir: string })
      .Dir;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

export function goInstall(program: string): void {
  requireGo();
  process.stdout.write(`building ${program}, which takes some minutes\n`);
  const env = { ...process.env, GOBIN: TOOLS_BIN };
  run('go', ['install', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w', program], { env });
}

/** @param programs paths of packages; each becomes a program named after the last part of its path. */
export function goBuild(
  { name, lines, sums, linkerFlags = '' }: OwnModule,
  programs: readonly string[],
): void {
  requireGo();
  const folder = join(TOOLS_FOLDER, 'build', name);
  for (const each of [folder, TOOLS_BIN]) mkdirSync(each, { recursive: true });
  writeFileSync(join(folder, 'go.mod'), `${['module local/build', 'go 1.26.0', ...lines].join('\n\n')}\n`);
  const target = join(folder, 'go.sum');
  if (sums !== undefined && !existsSync(target)) {
    copyFileSync(sums, target);
    // Files of the module cache are read-only.
    chmodSync(target, 0o644);
  }
  process.stdout.write(`building ${name}, which takes some minutes\n`);
  const flags = ['-mod=mod', '-trimpath', '-buildvcs=false', '-ldflags', `-s -w ${linkerFlags}`.trim()];
  for (const program of programs)
    run('go', ['build', ...flags, '-o', `${TOOLS_BIN}/`, program], { cwd: folder });
}

function requireGo(): void {
  mkdirSync(TOOLS_BIN, { recursive: true });
  if (spawnSync('go', ['version']).status === 0) return;
  fail('it is built with Go 1.26 or newer, and there is no `go` on the PATH: see https://go.dev/doc/install');
}
