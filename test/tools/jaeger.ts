// A real Jaeger on free loopback ports, with traces in memory; it ends with whoever started it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '@weir/runtime';
import { JaegerApi } from './jaeger-api.ts';
import { toolPath } from './tool-path.ts';

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
/** Traces in memory: far more than any suite makes. */
const TRACES_MAX = 100_000;

export interface JaegerOptions {
  /** What is not given takes any free port. */
  readonly otlpPort?: number;
  readonly queryPort?: number;
}

export class Jaeger implements AsyncDisposable {
  /** Base URL for OTLP over HTTP: what `--telemetry` takes. */
  readonly otlp: string;
  /** Base URL of the query API, and of the web pages where Jaeger has any. */
  readonly query: string;
  readonly api: JaegerApi;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, otlpPort: number, queryPort: number) {
    this.#child = child;
    this.#folder = folder;
    this.otlp = `http://127.0.0.1:${otlpPort}`;
    this.query = `http://127.0.0.1:${queryPort}`;
    this.api = new JaegerApi(this.query);
  }

  /** @throws Error with what it said, or with how to get it when there is none. */
  static async start(options: JaegerOptions = {}): Promise<Jaeger> {
    const path = toolPath('jaeger');
    const folder = await mkdtemp(join(tmpdir(), 'weir-jaeger-'));
    const [health, metrics, otlpGrpc, queryGrpc, ...free] = await freePorts(6);
    const { otlpPort = free[0]!, queryPort = free[1]! } = options;
    const ports = {
      health: health!,
      metrics: metrics!,
      otlp: otlpPort,
      otlpGrpc: otlpGrpc!,
      query: queryPort,
      queryGrpc: queryGrpc!,
    };
    const config = join(folder, 'jaeger.yaml');
    await writeFile(config, configuration(ports));
    const log = join(folder, 'jaeger.log');
    // Its log goes to a file by way of the shell's redirection: a pipe would have to be read.
    const child = spawn('sh', ['-c', 'exec "$0" --config "$1" >"$2" 2>&1', path, config, log], {
      stdio: 'ignore',
    });
    const jaeger = new Jaeger(child, folder, otlpPort, queryPort);
    try {
      await jaeger.#ready(log);
      return jaeger;
    } catch (error) {
      await jaeger[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#kill);
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(timer);
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  readonly #kill = (): void => void this.#child.kill('SIGKILL');

  async #ready(log: string): Promise<void> {
    process.on('exit', this.#kill);
    const deadline = performance.now() + READY_TIMEOUT_MS;
    while (!(await answers(`${this.query}/api/services`)) || !(await answers(`${this.otlp}/v1/traces`))) {
      const hasEnded = this.#child.exitCode !== null;
      if (hasEnded || performance.now() > deadline) {
        const words = (await readFile(log, 'utf8').catch(() => '')).slice(-2_000);
        throw new Error(`jaeger ${hasEnded ? 'ended' : 'did not answer in time'}: ${words}`);
      }
      await sleep(50);
    }
  }
}

/** Anything at all: a path that takes posts only answers too. */
async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

type Ports = Readonly<Record<'health' | 'metrics' | 'otlp' | 'otlpGrpc' | 'query' | 'queryGrpc', number>>;

/** All listeners are named: those that are not would be bound to every address. */
function configuration(ports: Ports): string {
  const on = (port: number): string => `"127.0.0.1:${port}"`;
  return `service:
  extensions: [jaeger_storage, jaeger_query, healthcheckv2]
  pipelines:
    traces: {receivers: [otlp], processors: [batch], exporters: [jaeger_storage_exporter]}
  telemetry:
    metrics:
      level: basic
      readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: ${ports.metrics}}}}}]
    logs: {level: warn}
extensions:
  jaeger_query:
    storage: {traces: mem}
    http: {endpoint: ${on(ports.query)}}
    grpc: {endpoint: ${on(ports.queryGrpc)}}
  jaeger_storage:
    backends: {mem: {memory: {max_traces: ${TRACES_MAX}}}}
  healthcheckv2: {use_v2: true, http: {endpoint: ${on(ports.health)}}}
receivers:
  otlp: {protocols: {grpc: {endpoint: ${on(ports.otlpGrpc)}}, http: {endpoint: ${on(ports.otlp)}}}}
processors: {batch: {timeout: 200ms}}
exporters: {jaeger_storage_exporter: {trace_storage: mem}}
`;
}
