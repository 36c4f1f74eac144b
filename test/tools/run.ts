// Commands that installers run: what they say goes to stderr, and one that fails ends the installation with its words.
import { type SpawnSyncOptions, spawnSync } from 'node:child_process';

/** @returns stdout */
export function run(command: string, argv: readonly string[], options: SpawnSyncOptions = {}): string {
  const { status, stdout, error } = spawnSync(command, argv, {
    ...options,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 256 * 1024 * 1024,
  });
  if (status !== 0) fail(`${command} ${argv.join(' ')} failed${error ? `: ${error.message}` : ''}`);
  return stdout;
}

export function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
