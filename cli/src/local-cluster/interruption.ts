// Ctrl-C and its like: the first asks for an orderly stop, the second ends this process at once; services end with it.
import { WeirError } from '@weir/proto';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const EXIT_CODE_INTERRUPTED = 130;

export interface Interruption extends Disposable {
  /** Aborted by the first. */
  readonly signal: AbortSignal;
}

export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  const interrupt = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(EXIT_CODE_INTERRUPTED);
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
