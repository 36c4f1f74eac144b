// Tools that are Debian's packages.
import { spawnSync } from 'node:child_process';
import { fail } from './run.ts';

export function debianPackages(...names: readonly string[]): void {
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...names];
  if (spawnSync('apt-get', install, { stdio: 'inherit' }).status === 0) return;
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
  if (spawnSync('apt-get', install, { stdio: 'inherit' }).status === 0) return;
  fail(
    `apt-get could not install ${names.join(', ')} (it needs to be root): install it another way, so that it is on the PATH`,
  );
}
