// Where a replay stands, on one line of the terminal that is written anew; nothing without a terminal.
import type { Replay } from '@weir/quickstart';

const INTERVAL_MS = 500;
const ERASE_LINE = '\r\u001b[K';

export function reportProgress(replay: Replay): Disposable {
  if (!process.stderr.isTTY) return { [Symbol.dispose]: () => {} };
  const show = (): void => {
    const { requests, samples, durationMs, timeMs, drained } = replay.progress();
    const at = timeMs === undefined ? '' : `, ${new Date(timeMs).toISOString().slice(0, 16)}`;
    const rate = durationMs > 0 ? Math.round((samples / durationMs) * 1000) : 0;
    const text = `${requests} requests${at}, ${samples} samples, ${rate}/s${drained ? ', training the rest' : ''}`;
    process.stderr.write(ERASE_LINE + text.slice(0, process.stderr.columns - 1));
  };
  const timer = setInterval(show, INTERVAL_MS);
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      process.stderr.write(ERASE_LINE);
    },
  };
}
