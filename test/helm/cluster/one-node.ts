// A real one-node Kubernetes (control plane, containerd, kubelet, kube-proxy, CoreDNS) that runs pods, in network, mount and pid
// namespaces of its own: nothing of it is left when it ends. Needs root.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TOOLS_BIN, toolPath } from '../../tools/tool-path.ts';
import { type Answer, type CallOptions, callProgram } from '../helm.ts';

const MAIN = fileURLToPath(new URL('node-main.ts', import.meta.url));
const READY_TIMEOUT_MS = 300_000;
const PAUSE_MS = 200;
const CGROUPS = '/sys/fs/cgroup';

export class OneNode implements AsyncDisposable {
  readonly kubeconfig: string;
  readonly #child: ChildProcess;
  /** Of the process in the namespaces, seen from here. */
  readonly #pid: number;
  readonly #cgroups: ReadonlySet<string>;

  private constructor(child: ChildProcess, pid: number, folder: string, cgroups: ReadonlySet<string>) {
    this.#child = child;
    this.#pid = pid;
    this.#cgroups = cgroups;
    this.kubeconfig = join(folder, 'kubeconfig');
  }

  /**
   * @param folder new and empty; the caller removes it.
   * @param images archives; one of them has the pause image.
   */
  static async start(folder: string, images: readonly string[]): Promise<OneNode> {
    mkdirSync(folder, { recursive: true });
    const cgroups = new Set(cgroupFolders());
    const flags = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const child = spawn('unshare', [...flags, process.execPath, MAIN, folder, ...images], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PATH: `${TOOLS_BIN}:${process.env.PATH}` },
    });
    let words = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-4_000);
    });
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    const ready = new Promise<boolean>((resolve) => {
      child.stdout!.setEncoding('utf8').on('data', (text: string) => {
        if (text.includes('ready')) resolve(true);
      });
      child.once('exit', () => resolve(false));
      setTimeout(() => resolve(false), READY_TIMEOUT_MS).unref();
    });
    const isReady = await ready;
    const node = new OneNode(child, isReady ? childOf(child.pid!) : 0, folder, cgroups);
    if (isReady) return node;
    await node[Symbol.asyncDispose]();
    const logs = globSync(`${folder}/{,node/}*.log`).map(
      (file) => `${file}: ${readFileSync(file, 'utf8').slice(-600)}`,
    );
    throw new Error(`the node did not get ready: ${words}\n${logs.join('\n')}`);
  }

  /** Runs one of the installed tools beside the pods: their addresses and names can be reached. */
  call(name: string, argv: readonly string[], options: CallOptions = {}): Promise<Answer> {
    const { program, argv: all } = this.inside(toolPath(name), argv);
    return callProgram(program, all, { ...options, env: this.#env(options.env) });
  }

  /** A child process in the namespaces. */
  spawn(program: string, argv: readonly string[]): ChildProcess {
    const { program: nsenter, argv: all } = this.inside(program, argv);
    return spawn(nsenter, all, { env: this.#env(undefined), stdio: ['pipe', 'pipe', 'pipe'] });
  }

  inside(program: string, argv: readonly string[]): { program: string; argv: string[] } {
    const target = ['--target', String(this.#pid), '--net', '--mount', '--pid', '--'];
    return { program: 'nsenter', argv: [...target, program, ...argv] };
  }

  #env(env: NodeJS.ProcessEnv | undefined): NodeJS.ProcessEnv {
    return { ...process.env, ...env, KUBECONFIG: this.kubeconfig };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      // With it all others of its pid namespace are killed.
      this.#child.kill('SIGKILL');
      await ended;
    }
    // Namespaces do not cover these.
    for (let tries = 0; tries < 50 && !this.#removeCgroups(); tries++) await sleep(PAUSE_MS);
    for (const name of globSync('/run/netns/cni-*')) rmSync(name, { force: true });
    rmSync('/var/lib/cni/networks/pods', { recursive: true, force: true });
  }

  /** Whether none is left that was not there before. */
  #removeCgroups(): boolean {
    const left = cgroupFolders().filter((folder) => !this.#cgroups.has(folder));
    // The innermost first.
    for (const folder of left.sort((a, b) => b.length - a.length)) {
      try {
        rmdirSync(folder);
      } catch {
        // Its processes are still ending.
      }
    }
    return cgroupFolders().every((folder) => this.#cgroups.has(folder));
  }
}

/** Those that containerd and kubelet make. */
function cgroupFolders(): string[] {
  return readdirSync(CGROUPS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path.includes('k8s.io') || path.includes('kubepods'));
}

function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
}
