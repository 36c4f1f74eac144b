// One run of k6: writes the plan, a page with charts, k6's JSON and its words beside each other, and says how it ended.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { cpuSeconds } from '../bench/process-usage.ts';
import { toolPath } from '../tools/tool-path.ts';
import type { Plan } from './k6/plan.ts';
import { SCRIPTS, type Script } from './k6/scripts.ts';
import { pageOf } from './page.ts';

/** k6's exit code where a threshold was crossed. */
export const THRESHOLD_CROSSED = 99;

const REPORTS = fileURLToPath(new URL('./reports/', import.meta.url));
const CPU_INTERVAL_MS = 50;

export interface K6Run {
  readonly exitCode: number;
  /** Absolute paths. */
  readonly page: string;
  readonly summary: string;
  readonly log: string;
  /** Of k6, to within its last moments. */
  readonly cpuS: number;
}

export interface RunOptions {
  /** Of the files, in `test/load/reports`. */
  readonly name?: string;
  /** Whether k6's words go to stdout too. */
  readonly show?: boolean;
  readonly identity?: Identity;
}

/** As the verbs of `weir` take them from the environment: paths of PEM files, and a token. */
export type Identity = Partial<Readonly<Record<(typeof FILES)[number] | 'WEIR_TOKEN', string>>>;

const FILES = ['WEIR_CA', 'WEIR_CLIENT_CERT', 'WEIR_CLIENT_KEY'] as const;

export async function runK6(
  script: Script,
  plan: Plan,
  { name = `${script}-${plan.load.profile}`, show = false, identity = {} }: RunOptions = {},
): Promise<K6Run> {
  const file = (suffix: string): string => join(REPORTS, `${name}.${suffix}`);
  const [page, summary, log] = [file('html'), file('json'), file('log')];
  const [planFile, pageConfig] = [file('plan.json'), file('page.json')];
  await mkdir(REPORTS, { recursive: true });
  await writeFile(planFile, JSON.stringify(plan));
  await writeFile(pageConfig, pageOf(name, SCRIPTS[script].operations));
  const argv = [
    ...['run', '--no-usage-report', '--quiet', '--no-color', '--address', ''],
    ...['--summary-export', summary, '-e', `PLAN=${planFile}`],
    fileURLToPath(new URL(`./k6/${script}.ts`, import.meta.url)),
  ];
  const env = {
    ...process.env,
    ...absolute(identity),
    K6_WEB_DASHBOARD: 'true',
    // No page is served while it runs: the file is what is kept.
    K6_WEB_DASHBOARD_PORT: '-1',
    K6_WEB_DASHBOARD_PERIOD: '1s',
    K6_WEB_DASHBOARD_EXPORT: page,
    K6_WEB_DASHBOARD_TAGS: 'operation',
    XK6_DASHBOARD_CONFIG: pageConfig,
  };
  const child = spawn(toolPath('k6'), argv, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const words = createWriteStream(log);
  let open = 2;
  for (const output of [child.stdout, child.stderr]) {
    output.pipe(words, { end: false });
    output.on('end', () => {
      if (--open === 0) words.end();
    });
    if (show) output.pipe(process.stdout, { end: false });
  }
  let cpuS = 0;
  const watch = setInterval(() => {
    cpuS = currentCpuS(child.pid) ?? cpuS;
  }, CPU_INTERVAL_MS);
  try {
    const exitCode = await new Promise<number>((settle, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => settle(code ?? 1));
    });
    await finished(words);
    return { exitCode, cpuS, page, summary, log };
  } finally {
    clearInterval(watch);
  }
}

/** k6 would look for files beside its script. */
function absolute(identity: Identity): Identity {
  const files = FILES.map((name) => [name, identity[name]] as const).filter(
    ([, file]) => file !== undefined && file !== 'system',
  );
  return { ...identity, ...Object.fromEntries(files.map(([name, file]) => [name, resolve(file!)])) };
}

/** Undefined once the process is gone, and where there is no /proc. */
function currentCpuS(pid: number | undefined): number | undefined {
  try {
    return pid === undefined ? undefined : cpuSeconds(pid);
  } catch {
    return undefined;
  }
}
