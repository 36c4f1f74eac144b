// What is in a tarball of a package.
import { execFileSync } from 'node:child_process';

/** Files by their path in the package. */
export function tarballFiles(tarball: string): string[] {
  const list = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' });
  return list.trim().split('\n').map(inPackage).sort();
}

export function tarballText(tarball: string, file: string): string {
  return execFileSync('tar', ['-xzOf', tarball, `package/${file}`], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
}

function inPackage(path: string): string {
  return path.replace(/^package\//, '');
}
