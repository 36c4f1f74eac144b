// How Prometheus sees a shard's source offsets. Refusals (FENCED, SOURCE_GAP, ...) are among those of all pushes.
import { meter } from '@weir/runtime';
import type { SourceOffsets } from '../../core/source-offsets.ts';
import { SOURCE_GAUGES_MAX } from '../../limits.ts';
import type { ShardCounters } from '../counters.ts';
import { observeCounter, observeGauge } from '../observe.ts';

export function observeSources(sources: SourceOffsets, counters: ShardCounters): void {
  const ps = meter('ps');
  observeCounter(
    'ps.source.repeats',
    '{push}',
    'Pushes whose source ranges were applied before, settled without effect',
    () => counters.sourceRepeats,
  );
  ps.createObservableCounter('ps.source.skipped_rows', {
    unit: '{row}',
    description: 'Rows of pushes with sources that were passed over, by reason',
  }).addCallback((result) => {
    for (const [code, rows] of counters.skippedRows) result.observe(rows, { code });
  });
  observeGauge(
    'ps.source.partitions',
    '{partition}',
    'Partitions with offsets, of all groups',
    () => sources.size,
  );
  ps.createObservableGauge('ps.source.applied', {
    unit: '{record}',
    description: 'Offset up to which a partition is applied',
  }).addCallback((result) => {
    let shown = 0;
    for (const { group, partition, applied } of sources.list()) {
      if (++shown > SOURCE_GAUGES_MAX) return;
      result.observe(applied, { group, partition });
    }
  });
}
