// What loads a shard, in a process of its own.
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** Runs the script with its options, as JSON, in the first argument. @returns what it wrote to stdout. */
export async function outputOf(script: string, options: object): Promise<string> {
  const child = spawn(process.execPath, [script, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const output = await text(child.stdout);
  const code = await ended;
  if (code !== 0) throw new Error(`${script} ended with exit code ${code}`);
  return output;
}
