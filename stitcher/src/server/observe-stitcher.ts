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
  const counter = (name: string, unit: string, description: string, observe: Observe): void => {
    instruments.createObservableCounter(name, { unit, description }).addCallback((result) => {
      for (const join of joins()) {
        const { partition } = join.options;
        observe(countersReport([join]), (count, of) => result.observe(count, { partition, ...of }));
      }
    });
  };
  const byReason = (
    name: string,
    unit: string,
    reasons: keyof CountersReport['reasons'],
    description: string,
  ): void =>
    counter(name, unit, `${description}, by reason`, (report, see) => {
      for (const [reason, count] of Object.entries(report.reasons[reasons])) see(count, { reason });
    });
  const byLabel = (
    name: string,
    unit: string,
    description: string,
    read: (report: CountersReport) => Readonly<Record<string, number>>,
  ): void =>
    counter(name, unit, `${description}, by label`, (report, see) => {
      for (const [label, count] of Object.entries(read(report))) see(count, { label });
    });
  counter('stitcher.requests', '{request}', 'Feature records admitted', ({ requests }, see) => see(requests));
  counter('stitcher.events', '{event}', 'Events that became positives', ({ events }, see) => see(events));
  counter('stitcher.samples', '{sample}', 'Samples, each once', ({ samples }, see) => see(samples));
  byLabel(
    'stitcher.labelled',
    '{sample}',
    'Samples of which the label is decided',
    (report) => report.labelled,
  );
  byLabel('stitcher.positives', '{sample}', 'Samples that have it', ({ positives }) => positives);
  counter('stitcher.duplicates', '{record}', 'Repeats, which count nothing', ({ duplicates }, see) =>
    see(duplicates),
  );
  counter('stitcher.conflicts', '{record}', 'Repeats whose content differs', ({ conflicts }, see) =>
    see(conflicts),
  );
  byReason('stitcher.rejected', '{record}', 'rejected', 'Records that are malformed or abnormal');
  byReason('stitcher.late', '{record}', 'late', 'Records that came too late to count');
  byReason('stitcher.orphans', '{event}', 'orphans', 'Events without a request that they could belong to');
  byReason('stitcher.ignored', '{event}', 'ignored', 'Events that nothing is made of');
  counter('stitcher.clamped', '{record}', 'Times far in the future', ({ clamped }, see) => see(clamped));
  const gauge = (name: string, unit: string, description: string, read: (join: Join) => number): void => {
    instruments.createObservableGauge(name, { unit, description }).addCallback((result) => {
      for (const join of joins()) result.observe(read(join), { partition: join.options.partition });
    });
  };
  gauge(
    'stitcher.open.requests',
    '{request}',
    'Requests whose last window is open',
    ({ counters }) => counters.openRequests,
  );
  gauge(
    'stitcher.waiting.events',
    '{event}',
    'Events that wait for features',
    ({ waiting }) => waiting.count,
  );
  gauge(
    'stitcher.memory',
    'By',
    'Memory of open requests and waiting events',
    ({ requests, waiting }) => requests.skeletonBytes + requests.templateBytes + waiting.bytes,
  );
  gauge(
    'stitcher.watermark.lag',
    's',
    'Wall clock minus watermark; a replay has the age of its data in it',
    ({ watermarkMs }) => (now() - watermarkMs) / 1000,
  );
}
