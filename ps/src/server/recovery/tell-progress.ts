// Tells how far a shard's recovery is while nothing else of it can be asked: /readyz, the admin route /recovery,
// metrics, and a line in the log now and then.
import type { Runtime } from '@weir/runtime';
import { RECOVERY_LOG_LINE_MS } from '../../limits.ts';
import { observeGauge } from '../observe.ts';
import type { RecoveryProgress } from './recovery-progress.ts';

/** Disposed, it writes no more lines; the figures stay to be read. */
export function tellProgress(
  progress: RecoveryProgress,
  { log, admin }: Pick<Runtime, 'log' | 'admin'>,
): Disposable {
  admin.notReady(() => (progress.stage === 'recovered' ? '' : progress.text()));
  admin.get('/recovery', () => progress.json());
  observeGauge('ps.recovery.pages', '{page}', 'Pages loaded at the start', () => progress.pages);
  observeGauge('ps.recovery.pages.total', '{page}', 'Pages to load at the start', () => progress.pagesTotal);
  observeGauge('ps.recovery.records', '{record}', 'Log records replayed', () => progress.records);
  observeGauge('ps.recovery.records.total', '{record}', 'Log records to replay', () => progress.recordsTotal);
  observeGauge('ps.recovery.pages.duration', 's', 'Time to load pages', () =>
    progress.secondsOf('loading pages'),
  );
  observeGauge('ps.recovery.log.duration', 's', 'Time to replay the log', () =>
    progress.secondsOf('replaying the log'),
  );
  const timer = setInterval(() => log.info(progress.json(), progress.text()), RECOVERY_LOG_LINE_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
