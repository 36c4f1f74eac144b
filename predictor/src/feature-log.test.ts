import { WeirError } from '@weir/proto';
import { FeatureRecord } from '@weir/proto/v1/records';
import { openMemoryStore } from '@weir/store';
import { openEmbeddedStreams, STREAMS_FAMILIES } from '@weir/streams';
import type { StreamsClient } from '@weir/streams/client';
import { describe, expect, it } from 'vitest';
import { FEATURES_STREAM, FeatureLog } from './feature-log.ts';
import { FEATURE_LOG_RECORDS_MAX } from './limits.ts';

const PARTITIONS = 2;
const record = (servingId: string): FeatureRecord => ({
  ...FeatureRecord.decode(new Uint8Array(0)),
  servingId,
  docIds: ['a'],
});

interface Dropped {
  records: number;
  reasons: Set<string>;
}

async function openLog(): Promise<{ streams: StreamsClient; log: FeatureLog; dropped: Dropped }> {
  const streams = await openEmbeddedStreams(openMemoryStore({ families: STREAMS_FAMILIES }));
  await streams.create(FEATURES_STREAM, PARTITIONS);
  const dropped: Dropped = { records: 0, reasons: new Set() };
  const onDropped = (records: number, reason: string): void => {
    dropped.records += records;
    dropped.reasons.add(reason);
  };
  return {
    streams,
    log: new FeatureLog({ streams, partitions: PARTITIONS, onDropped, onAppended: () => {} }),
    dropped,
  };
}

async function logged(streams: StreamsClient): Promise<string[]> {
  const ids: string[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for await (const batch of streams.read(FEATURES_STREAM, partition, { offset: 0 })) {
      for (const { value } of batch.records) ids.push(FeatureRecord.decode(value).servingId);
    }
  }
  return ids;
}

describe('FeatureLog', () => {
  it('has the record in the stream when append resolves', async () => {
    const { streams, log } = await openLog();
    await Promise.all([log.append(record('one')), log.append(record('two'))]);
    expect((await logged(streams)).sort()).toEqual(['one', 'two']);
  });

  it('drops and counts what is offered to a full queue, and writes the rest', async () => {
    const { streams, log, dropped } = await openLog();
    for (let i = 0; i < FEATURE_LOG_RECORDS_MAX + 3; i++) log.offer(record(`r${i}`));
    expect(dropped).toEqual({ records: 3, reasons: new Set(['queue_full']) });
    await log.drain();
    expect(await logged(streams)).toHaveLength(FEATURE_LOG_RECORDS_MAX);
  });

  it('makes an append wait for room, and loses none', async () => {
    const { streams, log, dropped } = await openLog();
    const appends = Array.from({ length: FEATURE_LOG_RECORDS_MAX + 100 }, (_, i) =>
      log.append(record(`r${i}`)),
    );
    await Promise.all(appends);
    expect(await logged(streams)).toHaveLength(appends.length);
    expect(dropped.records).toBe(0);
  });

  it('tells an append that the stream refused it, and counts an offer that it refused', async () => {
    const { streams, log, dropped } = await openLog();
    await streams.close();
    await expect(log.append(record('lost'))).rejects.toBeInstanceOf(WeirError);
    log.offer(record('lost too'));
    await log.drain();
    expect(dropped).toEqual({ records: 1, reasons: new Set(['append_failed']) });
  });
});
