// A guide done as it is written: its files in a folder of their own inside the checkout, its commands in their order.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { startCluster } from '@weir/ps/testing';
import { ROOT } from '../structure/packages.ts';
import { type CodeBlock, fileName } from './code-blocks.ts';
import { shellCommands } from './shell-commands.ts';
import { typeScriptFiles } from './typescript-files.ts';

const run = promisify(execFile);
const COMMAND_TIMEOUT_MS = 120_000;

export function isRun({ flags }: CodeBlock): boolean {
  return flags.includes('runs') || flags.includes('starts');
}

/** @throws with what a command or a program said, where it did not do what the guide says. */
export async function runGuide(blocks: readonly CodeBlock[]): Promise<void> {
  mkdirSync(`${ROOT}/.weir`, { recursive: true });
  const folder = mkdtempSync(`${ROOT}/.weir/guide-`);
  const programs = typeScriptFiles(blocks).map((file) => ({ ...file, name: file.path.split('/').at(-1)! }));
  for (const { name, text } of programs) writeFileSync(`${folder}/${name}`, text);
  for (const block of blocks.filter(({ language }) => language === 'json'))
    if (fileName(block) !== undefined) writeFileSync(`${folder}/${fileName(block)}`, `${block.code}\n`);

  const processes: ChildProcess[] = [];
  const starts = blocks.some(({ flags }) => flags.includes('starts'));
  const asks = blocks.some(({ code }) => code.includes('WEIR_SEEDS'));
  await using cluster = asks && !starts ? await startCluster({ shards: 3 }) : undefined;
  const env = {
    ...process.env,
    PATH: `${ROOT}/node_modules/.bin:${process.env.PATH}`,
    ...(cluster && { WEIR_SEEDS: cluster.seeds.join(',') }),
  };
  const execute = async (file: string, args: readonly string[]): Promise<string> =>
    (await run(file, args, { cwd: folder, env, timeout: COMMAND_TIMEOUT_MS })).stdout;
  let printed = '';
  try {
    for (const block of blocks) {
      const { language, flags, code } = block;
      if (flags.includes('starts')) {
        for (const { words } of shellCommands(code)) processes.push(await started(words, folder, env));
      } else if (language === 'sh' && flags.includes('runs')) {
        printed = await execute('bash', ['-euo', 'pipefail', '-c', code]);
      } else if (language === 'ts' && flags.includes('runs') && !flags.includes('continues')) {
        const name = programs.find(({ pageLines }) => pageLines.includes(block.line + 1))!.name;
        printed = name.endsWith('.test.ts')
          ? await execute('vitest', ['run', name])
          : await execute(process.execPath, [name]);
      } else if (flags.includes('prints')) {
        if (printed.trim() !== code.trim()) throw new Error(`line ${block.line}: it prints\n${printed}`);
      } else if (flags.includes('answers')) {
        requireSameFields(JSON.parse(code), JSON.parse(printed.trim().split('\n').at(-1)!), '');
      }
    }
  } finally {
    for (const one of processes.reverse()) await stopped(one);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Resolves with the line by which a service says that it is ready. */
async function started(words: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = spawn(words[0]!, words.slice(1), { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said = `${said}${data}`.slice(-2_000);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{"service":')) continue;
    child.stdout.resume();
    return child;
  }
  throw new Error(`${words.join(' ')} ended before it was ready: ${said}`);
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

function requireSameFields(shown: unknown, found: unknown, at: string): void {
  const kind = (value: unknown): string =>
    value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;
  if (kind(shown) !== kind(found))
    throw new Error(`${at || 'the answer'} is ${kind(found)}, not ${kind(shown)}`);
  if (kind(shown) !== 'object') return;
  const [own, other] = [shown as Record<string, unknown>, found as Record<string, unknown>];
  const fields = (value: object): string => Object.keys(value).sort().join(', ');
  if (fields(own) !== fields(other))
    throw new Error(`${at || 'the answer'} has ${fields(other)}, not ${fields(own)}`);
  for (const field of Object.keys(own)) requireSameFields(own[field], other[field], `${at}.${field}`);
}
