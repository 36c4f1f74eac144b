// A small disk of its own for one test: a tmpfs, or a read-only view of a folder, in a mount namespace that a child
// process holds open. Needs `unshare`; whoever is not root needs user namespaces. Nothing is left when the child ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { userInfo } from 'node:os';

export interface PrivateDisk {
  /** The disk as seen from outside of the namespace. */
  readonly path: string;
  [Symbol.asyncDispose](): Promise<void>;
}

export function smallDisk(mountPoint: string, mebibytes: number): Promise<PrivateDisk> {
  return mounted(mountPoint, `mount -t tmpfs -o size=${mebibytes}m weir "$0"`);
}

/** The folder, read-only; what it holds can be read. */
export function readOnlyDisk(folder: string): Promise<PrivateDisk> {
  return mounted(folder, 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"');
}

async function mounted(mountPoint: string, command: string): Promise<PrivateDisk> {
  const asRoot = userInfo().uid === 0 ? [] : ['--user', '--map-root-user'];
  // It stays until its stdin closes, which the end of this process does too.
  const script = `${command} && echo mounted && exec cat`;
  const child = spawn('unshare', [...asRoot, '--mount', 'sh', '-c', script, mountPoint], { stdio: 'pipe' });
  const exited = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said += text.toString();
  });
  const ready = await Promise.race([once(child.stdout, 'data'), exited]);
  if (ready === undefined) {
    throw new Error(`unshare cannot mount a disk of its own, which this check needs: ${said || 'not found'}`);
  }
  return {
    path: `/proc/${child.pid}/root${mountPoint}`,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
    },
  };
}
