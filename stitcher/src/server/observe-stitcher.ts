// What /metrics says of the stitcher: its durable counters, and gauges of what is open.
import { meter } from '@weir/runtime';
import type { Join } from '../core/join.ts';
import { type CountersReport, countersReport } from './counters-report.ts';

/**
 * By partition: when one moves to another process its series ends here and begins there, where it stood.
 * @param joins of the partitions that are this process's now
 * @param now wall clock, for the watermark's lag
 */
export function observeStitcher(joins: () => readonly Join[], now: () => number): void {
  const instruments = meter('weir.stitcher');
  type Observe = (report: CountersReport, see: (count: number, of?: Record<string, string>) => void) => void;
  const counter = (name: string, unit: string, observe: Observe): void => {
    instruments.createObservableCounter(name, { unit }).addCallback((result) => {
      for (const join of joins()) {
        const { partition } = join.options;
        observe(countersReport([join]), (count, of) => result.observe(count, { partition, ...of }));
      }
    });
  };
  const byReason = (name: string, unit: string, reasons: keyof CountersReport['reasons']): void =>
    counter(name, unit, (report, see) => {
      for (const [reason, count] of Object.entries(report.reasons[reasons])) see(count, { reason });
    });
  counter('stitcher.requests', '{request}', ({ requests }, see) => see(requests));
  counter('stitcher.events', '{event}', ({ events }, see) => see(events));
  counter('stitcher.samples', '{sample}', ({ samples }, see) => see(samples));
  counter('stitcher.positives', '{sample}', ({ positives }, see) => {
    for (const [label, count] of Object.entries(positives)) see(count, { label });
  });
  counter('stitcher.duplicates', '{record}', ({ duplicates }, see) => see(duplicates));
  counter('stitcher.conflicts', '{record}', ({ conflicts }, see) => see(conflicts));
  byReason('stitcher.rejected', '{record}', 'rejected');
  byReason('stitcher.late', '{record}', 'late');
  byReason('stitcher.orphans', '{event}', 'orphans');
  byReason('stitcher.ignored', '{event}', 'ignored');
  counter('stitcher.clamped', '{record}', ({ clamped }, see) => see(clamped));
  const gauge = (name: string, unit: string, read: (join: Join) => number): void => {
    instruments.createObservableGauge(name, { unit }).addCallback((result) => {
      for (const join of joins()) result.observe(read(join), { partition: join.options.partition });
    });
  };
  gauge('stitcher.open.requests', '{request}', ({ counters }) => counters.openRequests);
  gauge('stitcher.waiting.events', '{event}', ({ waiting }) => waiting.count);
  gauge(
    'stitcher.memory',
    'By',
    ({ requests, waiting }) => requests.skeletonBytes + requests.templateBytes + waiting.bytes,
  );
  gauge('stitcher.watermark.lag', 's', ({ watermarkMs }) => (now() - watermarkMs) / 1000);
}
