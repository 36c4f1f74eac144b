// Tells how far a shard's recovery is while nothing else of it can be asked: /readyz, the admin route /recovery,
// metrics, and a line in the log now and then.
import { meter, type Runtime } from '@weir/runtime';
import { RECOVERY_LOG_LINE_MS } from '../../limits.ts';
import type { RecoveryProgress } from './recovery-progress.ts';

/** Disposed, it writes no more lines; the figures stay to be read. */
export function tellProgress(
  progress: RecoveryProgress,
  { log, admin }: Pick<Runtime, 'log' | 'admin'>,
): Disposable {
  admin.notReady(() => (progress.stage === 'recovered' ? '' : progress.text()));
  admin.get('/recovery', () => progress.json());
  const gauge = (name: string, unit: string, description: string, read: () => number) =>
    meter('ps')
      .createObservableGauge(name, { unit, description })
      .addCallback((result) => result.observe(read()));
  gauge('ps.recovery.pages', '{page}', 'Pages loaded at the start', () => progress.pages);
  gauge('ps.recovery.pages.total', '{page}', 'Pages to load at the start', () => progress.pagesTotal);
  gauge('ps.recovery.records', '{record}', 'Log records replayed', () => progress.records);
  gauge('ps.recovery.records.total', '{record}', 'Log records to replay', () => progress.recordsTotal);
  gauge('ps.recovery.pages.duration', 's', 'Time to load pages', () => progress.secondsOf('loading pages'));
  gauge('ps.recovery.log.duration', 's', 'Time to replay the log', () =>
    progress.secondsOf('replaying the log'),
  );
  const timer = setInterval(() => log.info(progress.json(), progress.text()), RECOVERY_LOG_LINE_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
