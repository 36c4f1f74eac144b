// Ctrl-C and its like: the first asks for an orderly stop, the second ends this process at once; services end with it.
import { WeirError } from '@weir/proto';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const EXIT_CODE_INTERRUPTED = 130;
/** One Ctrl-C may arrive twice, from the terminal and handed on by npm; nobody is so impatient. */
const SAME_INTERRUPTION_MS = 500;

export interface Interruption extends Disposable {
  /** Aborted by the first. */
  readonly signal: AbortSignal;
}

export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  let firstMs = 0;
  const interrupt = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      if (performance.now() - firstMs < SAME_INTERRUPTION_MS) return;
      process.exit(EXIT_CODE_INTERRUPTED);
    }
    firstMs = performance.now();
    controller.abort(new WeirError('CANCELLED', `stopped by ${signal}`));
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const signal of SIGNALS) process.off(signal, interrupt);
    },
  };
}
