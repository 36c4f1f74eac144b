// Helm and kubectl as people run them.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TOOLS_BIN, toolPath } from '../tools/tool-path.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const CHART = `${ROOT}/charts/weir`;

/** Names of the value sets: each is rendered, compared with its golden file and shown to a real API server. */
export const VALUE_SETS = readdirSync(`${ROOT}/test/helm/values`).map((name) => name.replace('.yaml', ''));
/** The release and the namespace that they are rendered for. */
export const RELEASE = ['weir', CHART, '--namespace', 'prod'];

export const valuesFile = (name: string): string => `${ROOT}/test/helm/values/${name}.yaml`;

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
}

/** Runs one of the installed tools to its end. */
export function call(name: string, argv: readonly string[], options: CallOptions = {}): Promise<Answer> {
  return callProgram(toolPath(name), argv, options);
}

export function callProgram(
  program: string,
  argv: readonly string[],
  { env = process.env, stdin = '' }: CallOptions = {},
): Promise<Answer> {
  const PATH = `${TOOLS_BIN}${delimiter}${env.PATH ?? ''}`;
  const child = spawn(program, argv, { env: { ...env, PATH } });
  const answer = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      answer[name] += text;
    });
  }
  // A program that reads nothing may end before all is written.
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...answer }));
  });
}

/** @throws Error with its words where it fails. */
export async function done(answer: Promise<Answer>): Promise<string> {
  const { code, stdout, stderr } = await answer;
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}\n${stdout}`);
  return stdout;
}

/** `helm template` with a value set and further arguments. */
export function template(set: string, ...argv: readonly string[]): Promise<Answer> {
  return call('helm', ['template', ...RELEASE, '-f', valuesFile(set), ...argv]);
}
