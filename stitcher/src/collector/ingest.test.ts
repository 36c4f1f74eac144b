import { bytesOf, encodeFeatureBlock } from '@weir/proto';
import { BehaviourEvent, FeatureRecord, SideRecord } from '@weir/proto/v1/records';
import { openMemoryStore } from '@weir/store';
import { openEmbeddedStreams, STREAMS_FAMILIES } from '@weir/streams';
import { partitionOf, type StreamsClient } from '@weir/streams/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { readAll } from '../testing/partition-harness.ts';
import { behaviourEvent, featureRecord } from '../testing/records.ts';
import { Ingest } from './ingest.ts';
import { RepeatCache } from './repeat-cache.ts';

const NOW_MS = 1_700_000_000_000;
const TIME_MS = NOW_MS - 5_000;

let client: StreamsClient;
let ingest: Ingest;

const event = (fields: Partial<BehaviourEvent> = {}) => behaviourEvent({ timeMs: TIME_MS, ...fields });
const features = (fields: Partial<FeatureRecord> = {}) =>
  featureRecord({ timeMs: TIME_MS, features: encodeFeatureBlock({ docs: [{}, {}, {}] }), ...fields });
const events = (...fields: Partial<BehaviourEvent>[]) => fields.map((one) => ({ record: event(one) }));

async function stored<T>(stream: string, decode: (bytes: Uint8Array) => T): Promise<T[]> {
  const records = [...(await readAll(client, stream, 0)), ...(await readAll(client, stream, 1))];
  return records.map(({ value }) => decode(value));
}

beforeEach(async () => {
  client = await openEmbeddedStreams(openMemoryStore({ families: STREAMS_FAMILIES }));
  for (const stream of ['features', 'behaviour', 'rejected']) await client.create(stream, 2);
  ingest = new Ingest({ client, partitions: 2, now: () => NOW_MS });
});

describe('ingest', () => {
  it('has appended what it accepts, by serving id, stamped with its clock', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    const answer = await ingest.putEvents(events(...ids.map((servingId) => ({ servingId }))));
    expect(answer).toEqual({ accepted: 4, duplicates: 0, rejections: [] });
    for (const servingId of ids) {
      const partition = await readAll(client, 'behaviour', partitionOf(servingId, 2));
      const found = partition.map(({ value }) => BehaviourEvent.decode(value));
      expect(found.find((one) => one.servingId === servingId)).toEqual(
        event({ servingId, ingestTimeMs: NOW_MS }),
      );
    }
  });

  it('sends events that lost their serving id to the partition of their event id', async () => {
    await ingest.putEvents(events({ servingId: '', eventId: 'e7' }));
    expect(await readAll(client, 'behaviour', partitionOf('e7', 2))).toHaveLength(1);
  });

  it('thins repeats within a call and between calls, but not other content under a known id', async () => {
    expect(await ingest.putEvents(events({}, {}))).toMatchObject({ accepted: 1, duplicates: 1 });
    expect(await ingest.putEvents(events({ ingestTimeMs: 5 }))).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(await ingest.putEvents(events({ value: 2 }))).toMatchObject({ accepted: 1, duplicates: 0 });
    expect(await ingest.putFeatures([{ record: features() }])).toMatchObject({ accepted: 1 });
    expect(await ingest.putFeatures([{ record: features() }])).toMatchObject({ duplicates: 1 });
    expect(await stored('behaviour', BehaviourEvent.decode)).toHaveLength(2);
    expect(ingest.counters).toEqual({ accepted: 3, duplicates: 3, rejected: {} });
  });

  it('does not remember what was not appended', async () => {
    const failing: StreamsClient = Object.create(client);
    let left = 1;
    failing.append = (...call) => (left-- > 0 ? Promise.reject(new Error('away')) : client.append(...call));
    ingest = new Ingest({ client: failing, partitions: 2, now: () => NOW_MS });
    await expect(ingest.putEvents(events({}))).rejects.toThrow('away');
    expect(await ingest.putEvents(events({}))).toMatchObject({ accepted: 1, duplicates: 0 });
  });

  it.each([
    ['time_absurd', features({ timeMs: NOW_MS + 25 * 3_600_000 })],
    ['documents_missing', features({ docIds: [], scores: [] })],
    ['never_exposed', features({ unexposed: bytesOf(Uint32Array.of(0, 1, 2)) })],
    ['column_length', features({ features: encodeFeatureBlock({ docs: [{}, {}] }) })],
    ['undecodable', features({ features: Uint8Array.of(0x0a, 0xff) })],
  ])('puts features aside that are not good: %s', async (reason, record) => {
    const answer = await ingest.putFeatures([{ record: features({ servingId: 'good' }) }, { record }]);
    expect(answer).toEqual({ accepted: 1, duplicates: 0, rejections: [{ index: 1, reason }] });
    const [side] = await stored('rejected', SideRecord.decode);
    expect(side).toMatchObject({ reason, stream: 'features', servingId: 's0' });
    expect(Buffer.compare(side!.record, FeatureRecord.encode(record).finish())).toBe(0);
    expect(ingest.counters.rejected).toEqual({ [reason]: 1 });
  });

  it.each([
    ['event_id_missing', { eventId: '' }],
    ['value_not_finite', { value: Number.NaN }],
    ['time_missing', { timeMs: 0 }],
    ['undecodable', { timeMs: 0.5 }],
    ['id_too_long', { user: 'u', docId: 'd'.repeat(600) }],
  ])('puts events aside that are not good: %s', async (reason, fields) => {
    const answer = await ingest.putEvents(events({ eventId: 'good' }, fields));
    expect(answer).toEqual({ accepted: 1, duplicates: 0, rejections: [{ index: 1, reason }] });
    expect(await stored('rejected', SideRecord.decode)).toMatchObject([{ reason, stream: 'behaviour' }]);
  });

  it('refuses what does not fit in flight, with a hint, and takes it when there is room', async () => {
    const slow: StreamsClient = Object.create(client);
    const gate = Promise.withResolvers<void>();
    slow.append = async (...call) => {
      await gate.promise;
      return client.append(...call);
    };
    ingest = new Ingest({ client: slow, partitions: 2, now: () => NOW_MS, inFlightBytesMax: 100 });
    const first = ingest.putEvents(events({}));
    const refused = ingest.putEvents(events({ eventId: 'e1', user: 'u'.repeat(80) }));
    await expect(refused).rejects.toMatchObject({ code: 'OVERLOADED', retryAfterMs: 100 });
    gate.resolve();
    expect(await first).toMatchObject({ accepted: 1 });
    expect(ingest.inFlightBytes).toBe(0);
    expect(await ingest.putEvents(events({ eventId: 'e1' }))).toMatchObject({ accepted: 1 });
  });

  it('refuses a call of too many records', async () => {
    const call = ingest.putEvents(Array.from({ length: 10_001 }, () => ({ record: event() })));
    await expect(call).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('repeat cache', () => {
  it('always knows the latest half and stays within its bytes', () => {
    const cache = new RepeatCache(10_000);
    for (let i = 0; i < 1_000; i++) cache.add(`id-${i}`, i);
    for (let i = 950; i < 1_000; i++) expect(cache.has(`id-${i}`, i)).toBe(true);
    expect(cache.has('id-999', 0)).toBe(false);
    for (let i = 0; i < 850; i++) expect(cache.has(`id-${i}`, i)).toBe(false);
  });
});
