// What /metrics says of the stitcher: its durable counters, and gauges of what is open.
import type { ObservableResult } from '@opentelemetry/api';
import { meter } from '@weir/runtime';
import type { Join } from '../core/join.ts';
import { countersReport } from './counters-report.ts';

/** @param now wall clock, for the watermark's lag */
export function observeStitcher(joins: () => readonly Join[], now: () => number): void {
  const instruments = meter('weir.stitcher');
  const counter = (name: string, unit: string, observe: (result: ObservableResult) => void): void => {
    instruments.createObservableCounter(name, { unit }).addCallback(observe);
  };
  const byReason = (result: ObservableResult, counts: Readonly<Record<string, number>>): void => {
    for (const [reason, count] of Object.entries(counts)) result.observe(count, { reason });
  };
  counter('stitcher.requests', '{request}', (result) => result.observe(countersReport(joins()).requests));
  counter('stitcher.events', '{event}', (result) => result.observe(countersReport(joins()).events));
  counter('stitcher.samples', '{sample}', (result) => result.observe(countersReport(joins()).samples));
  counter('stitcher.positives', '{sample}', (result) => {
    for (const [label, count] of Object.entries(countersReport(joins()).positives))
      result.observe(count, { label });
  });
  counter('stitcher.duplicates', '{record}', (result) => result.observe(countersReport(joins()).duplicates));
  counter('stitcher.conflicts', '{record}', (result) => result.observe(countersReport(joins()).conflicts));
  counter('stitcher.rejected', '{record}', (result) =>
    byReason(result, countersReport(joins()).reasons.rejected),
  );
  counter('stitcher.late', '{record}', (result) => byReason(result, countersReport(joins()).reasons.late));
  counter('stitcher.orphans', '{event}', (result) =>
    byReason(result, countersReport(joins()).reasons.orphans),
  );
  counter('stitcher.ignored', '{event}', (result) =>
    byReason(result, countersReport(joins()).reasons.ignored),
  );
  counter('stitcher.clamped', '{record}', (result) => result.observe(countersReport(joins()).clamped));
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
