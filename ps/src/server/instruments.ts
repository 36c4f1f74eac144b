// The shard's metrics. Hot paths count in plain numbers (counters.ts) that are read when Prometheus asks; only
// distributions are recorded as they happen.
import { meter } from '@weir/runtime';
import { observeCounter, observeGauge } from './observe.ts';
import type { Shard } from './shard.ts';
import { sliceTimes } from './slices.ts';

export interface Instruments {
  /** From a whole push to its outcome. */
  pushLatency(seconds: number): void;
  pullLatency(seconds: number): void;
  /** Records of one log write. */
  commitRecords(records: number): void;
}

const LATENCY_BUCKETS_S = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
const COMMIT_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

export function createInstruments(): Instruments {
  const ps = meter('ps');
  const latency = (name: string, description: string) => {
    const advice = { explicitBucketBoundaries: LATENCY_BUCKETS_S };
    const histogram = ps.createHistogram(name, { unit: 's', description, advice });
    return (seconds: number) => histogram.record(seconds);
  };
  const commit = ps.createHistogram('ps.commit.records', {
    unit: '{record}',
    description: 'Records of one log write (group commit)',
    advice: { explicitBucketBoundaries: COMMIT_BUCKETS },
  });
  return {
    pushLatency: latency('ps.push.duration', 'From a whole push to its outcome'),
    pullLatency: latency('ps.pull.duration', 'From a pull to its answer'),
    commitRecords: (records) => commit.record(records),
  };
}

/** Shows a running shard's counters and sizes. */
export function observeShard(shard: Shard): void {
  const ps = meter('ps');
  const { counters, materialiser, tables, numbers } = shard;
  observeCounter('ps.pushes', '{push}', 'Pushes applied', () => counters.pushes);
  observeCounter('ps.push.rows', '{row}', 'Rows of pushes applied', () => counters.pushRows);
  observeCounter(
    'ps.push.duplicates',
    '{push}',
    'Pushes seen before, acknowledged only',
    () => counters.duplicates,
  );
  observeCounter('ps.pull.rows', '{row}', 'Rows read by pulls', () => counters.pullRows);
  observeCounter('ps.delta.rows', '{row}', 'Rows sent to subscribers', () => counters.deltaRows);
  observeCounter(
    'ps.delta.tombstones',
    '{row}',
    'Removed rows told to subscribers',
    () => counters.deltaTombstones,
  );
  observeCounter(
    'ps.admission.held',
    '{update}',
    'Updates of keys that were not admitted',
    () => counters.heldUpdates,
  );
  observeCounter('ps.rows.expired', '{row}', 'Rows removed by TTL', () => counters.expiredRows);
  observeCounter('ps.rows.evicted', '{row}', 'Rows removed by rows_max', () => counters.evictedRows);
  observeCounter('ps.log.skipped', '{record}', 'Records of dropped tables', () => counters.skippedRecords);
  observeCounter(
    'ps.storage.failures',
    '{write}',
    'Log writes that the disk refused',
    () => counters.storageFailures,
  );
  observeCounter(
    'ps.log.waits',
    '{wait}',
    'Waits of log writes for a round to go on',
    () => counters.pushWaits,
  );
  observeCounter('ps.rounds', '{round}', 'Materialisation rounds', () => counters.rounds);
  observeCounter('ps.round.pages', '{page}', 'Pages written by rounds', () => counters.roundPages);
  observeGauge('ps.log.bytes', 'By', 'Log that is not materialised yet', () => materialiser.logBytes);
  observeGauge('ps.log.bytes.max', 'By', 'Its bound', () => materialiser.logBytesMax);
  observeCounter(
    'ps.streams.refused',
    '{stream}',
    'Streams that were one too many',
    () => counters.streamsRefused,
  );
  observeGauge('ps.subscribers', '{subscriber}', 'Subscriptions open', () => counters.subscribers);
  observeGauge('ps.clients', '{client}', 'Client incarnations remembered', () => numbers.size);
  observeCounter(
    'ps.clients.forgotten',
    '{client}',
    'Idle client incarnations forgotten',
    () => counters.clientsForgotten,
  );
  observeGauge(
    'ps.push.in_flight.bytes',
    'By',
    'Pushes in memory, not settled',
    () => shard.bytesInFlight.held,
  );
  observeGauge(
    'ps.push.waiting',
    '{push}',
    'Pushes that wait for their turn at the log',
    () => shard.turns.waiting,
  );
  observeGauge('ps.pull.in_flight.bytes', 'By', 'Answers to pulls, not sent', () => shard.answers.held);
  observeGauge(
    'ps.pull.waiting',
    '{pull}',
    'Answers to pulls that wait for memory',
    () => shard.answers.waiting,
  );
  ps.createObservableCounter('ps.cut_off', {
    unit: '{stream}',
    description: 'Streams ended because their client stopped in the middle of sending or reading',
  }).addCallback((result) => {
    for (const [kind, count] of Object.entries(counters.cutOff)) result.observe(count, { kind });
  });
  ps.createObservableCounter('ps.slices', {
    unit: '{slice}',
    description: 'Pieces of work on the event loop, by kind; `long`: above the bound of 0.5 ms',
  }).addCallback((result) => {
    for (const [kind, { slices, long }] of sliceTimes()) {
      result.observe(slices - long, { kind, long: false });
      result.observe(long, { kind, long: true });
    }
  });
  ps.createObservableGauge('ps.slice.longest', {
    unit: 's',
    description: 'The longest piece of work on the event loop, by kind',
  }).addCallback((result) => {
    for (const [kind, { longestMs }] of sliceTimes()) result.observe(longestMs / 1000, { kind });
  });
  ps.createObservableCounter('ps.push.refusals', {
    unit: '{push}',
    description: 'Pushes refused',
  }).addCallback((result) => {
    for (const [code, count] of counters.refusals) result.observe(count, { code });
  });
  ps.createObservableGauge('ps.table.rows', { unit: '{row}', description: 'Rows held' }).addCallback(
    (result) => {
      for (const { spec, rowCount } of tables.list()) result.observe(rowCount, { table: spec.name });
    },
  );
  ps.createObservableGauge('ps.table.rows_in_memory', {
    unit: '{row}',
    description: 'Rows held in memory, of tables with memory_rows_max',
  }).addCallback((result) => {
    for (const { spec, rows, spill } of tables.list()) {
      if (spill !== undefined) result.observe(rows.rows, { table: spec.name });
    }
  });
  ps.createObservableCounter('ps.spill.rows', {
    unit: '{row}',
    description: 'Rows that left memory for the disk, and that came back',
  }).addCallback((result) => {
    for (const { spec, spill } of tables.list()) {
      if (spill === undefined) continue;
      result.observe(spill.moved.out, { table: spec.name, direction: 'out' });
      result.observe(spill.moved.in, { table: spec.name, direction: 'in' });
    }
  });
  ps.createObservableGauge('ps.table.fullness', {
    unit: '1',
    description: 'Share in use of the memory that its fullest stripe may take; new keys are refused at 1',
  }).addCallback((result) => {
    for (const { spec, rows } of tables.list()) result.observe(rows.fullness, { table: spec.name });
  });
  ps.createObservableGauge('ps.table.bytes', {
    unit: 'By',
    description: 'Memory of rows and index',
  }).addCallback((result) => {
    for (const { spec, rows } of tables.list()) result.observe(rows.bytes, { table: spec.name });
  });
}
