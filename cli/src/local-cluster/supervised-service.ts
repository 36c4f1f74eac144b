// One service as a process that is started again, with the same command and ports, whenever it ends unasked.
import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/proto';
import {
  accessConfig,
  clientConfig,
  environmentKey,
  type ServiceProcess,
  serverTlsConfig,
  spawnService,
} from '@weir/runtime';
import { RESTART_PAUSE_MS, RESTARTS_MAX } from './limits.ts';

/** Services on this machine speak plainly to each other, and to all, whatever the caller's environment has for other clusters. */
const WITHOUT_SECURITY = Object.fromEntries(
  Object.keys({ ...serverTlsConfig, ...accessConfig, ...clientConfig }).map((key) => [
    `WEIR_${environmentKey(key)}`,
    '',
  ]),
);

export interface SupervisedOptions {
  readonly name: string;
  /** Arguments after `node`. */
  readonly command: readonly string[];
  readonly logFile: string;
  /** Says what happens to it: one message each. */
  readonly report: (message: string) => void;
  /** It could not be kept running. */
  readonly onFailed: (error: WeirError) => void;
}

export class SupervisedService {
  readonly #options: SupervisedOptions;
  #process: ServiceProcess | undefined;
  #starting: Promise<void> | undefined;
  #stopping = false;
  #restarts = 0;

  constructor(options: SupervisedOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Undefined between two lives. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Resolves when it is ready. A first start that fails is not repeated: it would fail again. */
  async start(): Promise<void> {
    this.#starting = this.#spawn();
    await this.#starting;
  }

  /** Asks it to end and waits until it has. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#starting?.catch(() => {});
    await this.#process?.stop();
  }

  async #spawn(): Promise<void> {
    const { name, command, logFile } = this.#options;
    const started = await spawnService({ name, command, logFile, env: WITHOUT_SECURITY });
    this.#process = started;
    void started.exited.then(({ code, signal }) => {
      this.#process = undefined;
      if (this.#stopping) return;
      this.#options.report(`${name} ended (${signal ?? `exit code ${code}`}); starting it again`);
      this.#starting = this.#restart();
    });
  }

  async #restart(): Promise<void> {
    while (!this.#stopping) {
      if (this.#restarts++ === RESTARTS_MAX) {
        const { name, logFile, onFailed } = this.#options;
        onFailed(new WeirError('UNAVAILABLE', `${name} ended ${RESTARTS_MAX + 1} times; see ${logFile}`));
        return;
      }
      await sleep(RESTART_PAUSE_MS);
      try {
        await this.#spawn();
        return;
      } catch (error) {
        this.#options.report(WeirError.from(error).message);
      }
    }
  }
}
