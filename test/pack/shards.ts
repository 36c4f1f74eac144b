// Real shards of the packed @weir/ps, in the project that installed everything.
import { spawn } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { installedNode } from '../tools/node-versions.ts';
import { compileFile } from './projects.ts';

const CONSUMER = new URL('./consumers/cluster.ts', import.meta.url);

export interface Shards extends AsyncDisposable {
  /** For WEIR_SEEDS. */
  readonly seeds: string;
}

export async function startPackedShards(project: string): Promise<Shards> {
  copyFileSync(CONSUMER, join(project, 'cluster.ts'));
  await compileFile(project, 'cluster.ts', 'nodenext');
  const child = spawn(installedNode(24), ['cluster.js'], {
    cwd: project,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const first = await createInterface(child.stdout)[Symbol.asyncIterator]().next();
  if (first.done) throw new Error('the packed shards did not start; what they said stands above');
  return {
    seeds: first.value,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}
