// Ends its process with SIGKILL when a chosen step of a chosen kind is reached.
import type { Crash, StoreStep } from './fault-plan.ts';

export class CrashPoint {
  #crash: Crash | undefined;
  #left = 0;

  /** In place of what was set before. */
  set(crash: Crash | undefined): void {
    this.#crash = crash;
    if (crash?.at === 'time') setTimeout(die, crash.afterMs);
    else this.#left = crash?.count ?? 0;
  }

  reached(step: StoreStep, when: 'before' | 'after'): void {
    const crash = this.#crash;
    if (crash?.at === step && 'when' in crash && crash.when === when && --this.#left === 0) die();
  }

  read(): void {
    if (this.#crash?.at === 'read' && --this.#left === 0) die();
  }
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}
