// Where `weir dev` shows itself: drawn on a terminal, as plain lines elsewhere. Under `--json` stdout is kept for the
// one object, and lines go to stderr.
import { frame, plainLine, Screen, type SummaryInput } from '@weir/quickstart';
import type { DevFlags } from './dev.ts';

export interface Display extends Disposable {
  /** Something a person should know. */
  note(message: string): void;
  show(latest: SummaryInput): void;
  end(summary: readonly string[]): void;
}

/** Plain lines come less often than frames: they stay. */
const LINE_INTERVAL_S = 2;
/** Looks of which the curves are drawn. */
const HISTORY_MAX = 100;

export function createDisplay(flags: DevFlags, title: string): Display {
  if (process.stdout.isTTY && !flags.headless && !flags.json) return drawn(title);
  return lines(flags.json ? process.stderr : process.stdout);
}

function lines(output: NodeJS.WriteStream): Display {
  let nextS = 0;
  const print = (text: string): void => void output.write(`${text}\n`);
  return {
    note: print,
    show({ figures, durationS, requestsTotal, shop }) {
      if (durationS < nextS) return;
      nextS = durationS + LINE_INTERVAL_S;
      print(plainLine(figures, durationS, requestsTotal, shop));
    },
    end: (summary) => print(summary.join('\n')),
    [Symbol.dispose]: () => {},
  };
}

function drawn(title: string): Display {
  const screen = new Screen(process.stdout);
  const history: { online: number; frozen: number }[] = [];
  return {
    note: (message) => screen.print(message),
    show({ figures, durationS, requestsTotal, shop }) {
      const { online, frozen } = figures.comparison ?? {};
      if (online?.log_loss != null && frozen?.log_loss != null) {
        history.push({ online: online.log_loss, frozen: frozen.log_loss });
      }
      if (history.length > HISTORY_MAX) history.shift();
      screen.draw(
        frame({ figures, title, requestsTotal, elapsedS: durationS, history, shop, columns: screen.columns }),
      );
    },
    end: (summary) => screen.print(summary.join('\n')),
    [Symbol.dispose]: () => screen[Symbol.dispose](),
  };
}
