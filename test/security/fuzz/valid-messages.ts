// Valid requests of every RPC, which the attack bends. An RPC that is not listed here makes the suite fail.
// The numbers make them different from each other, so that what was accepted of which can be told afterwards.
import { bytesOf as bytesOfArray, encodeFeatureBlock, packKeys } from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import * as groups from '@weir/proto/v1/groups';
import * as ingest from '@weir/proto/v1/ingest';
import * as ps from '@weir/proto/v1/parameter_server';
import * as predictor from '@weir/proto/v1/predictor';
import { BehaviourEvent, FeatureRecord } from '@weir/proto/v1/records';
import * as sources from '@weir/proto/v1/sources';
import * as streams from '@weir/proto/v1/streams';
import { tableSpec } from '../../../ps/src/testing/raw-client.ts';
import { bytesField, write } from './wire.ts';

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

function encoded<T>(codec: Codec<T>, message: Partial<T> = {}): Buffer {
  return Buffer.from(codec.encode({ ...codec.decode(new Uint8Array(0)), ...message }).finish());
}

const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice();

export const DIM = 4;
/** Table to which pushes of whole small numbers go: its rows tell what was applied. */
export const TARGET = tableSpec('target', DIM, { kind: 2 });
/** Rows of a push of `validMessages`. */
const ROWS = 3;
export const STREAM = 'fuzzed';
export const PARTITIONS = 2;
export const GROUP = 'fuzzed-group';
const MEMBER = { name: 'member-0', incarnation: 'first' };
const SERVING_TIME_MS = Date.UTC(2024, 0, 1);

/** Keys that no other message has. */
const keysOf = (number: number): Uint8Array =>
  bytesOfArray(packKeys(BigUint64Array.from({ length: ROWS }, (_, row) => BigInt(number * ROWS + row + 1))));

const valuesOf = (number: number): Uint8Array =>
  bytesOf(Float32Array.from({ length: ROWS * DIM }, (_, i) => (number % 1000) + i + 1));

const part = (number: number) => ({
  tableUid: TARGET.uid,
  keys: keysOf(number),
  values: valuesOf(number),
  encoding: ValueEncoding.F32,
});

const source = (number: number) => ({
  group: GROUP,
  partition: number % 2,
  generation: 1,
  from: 0,
  to: 1 + (number % 5),
  incarnation: 'log',
});

const block = encodeFeatureBlock({
  context: { user: 'u1', hour: 7 },
  docs: [
    { id: 'a', features: { doc: 'a', price: 12.5, tags: ['x', 'y'] }, exposure: { pos: '1' } },
    { id: 'b', features: { doc: 'b' }, exposure: { pos: '2' } },
  ],
} as never);

const record = (number: number): streams.Record => ({
  offset: 0,
  value: Buffer.from(`record ${number}`),
  headers: [{ name: 'kind', value: Buffer.from('x') }],
  progressTimeMs: number % 3 === 0 ? SERVING_TIME_MS : undefined,
  appendTimeMs: 0,
});

const featureRecord = (number: number) =>
  FeatureRecord.decode(
    encoded(FeatureRecord, {
      servingId: `serving-${number}`,
      timeMs: SERVING_TIME_MS + number,
      scene: 'shop',
      user: 'u1',
      modelVersion: {
        staticHash: '',
        schemaFingerprint: 'f',
        tableSet: 'default',
        denseStep: undefined,
        rows: [],
      },
      experimentBuckets: { layer: 'arm' },
      docIds: ['a', 'b'],
      positions: bytesOf(Uint32Array.of(1, 2)),
      scores: [{ label: 'click', arm: '', values: bytesOf(Float32Array.of(0.5, 0.25)) }],
      features: block,
      keepProbability: 1,
    }),
  );

const event = (number: number) =>
  BehaviourEvent.decode(
    encoded(BehaviourEvent, {
      eventId: `event-${number}`,
      type: 'click',
      servingId: `serving-${number}`,
      user: 'u1',
      session: 's',
      docId: 'a',
      timeMs: SERVING_TIME_MS + number + 1_000,
      value: 1,
    }),
  );

const syncData = bytesOf(Float32Array.of(1, 2, 3, 4));

/** What reflection and health are asked; their messages are no part of our protocol. */
const text = (number: number, value: string): Buffer => write([bytesField(number, Buffer.from(value))]);
const REFLECTION = () => [
  text(7, ''),
  text(4, 'weir.v1.ParameterServer'),
  text(3, 'weir/v1/tables.proto'),
  text(4, 'weir.v1.PullRequest'),
  text(6, 'weir.v1.TableSpec'),
];
const HEALTH = () => [text(1, ''), text(1, 'weir.v1.ParameterServer'), Buffer.alloc(0)];

/** The first of each is what a call begins with. */
export const VALID: Readonly<Record<string, (number: number) => readonly Buffer[]>> = {
  '/weir.v1.ParameterServer/CreateTable': (number) => [
    encoded(ps.CreateTableRequest, {
      spec: {
        ...tableSpec(
          `made-${number % 40}`,
          1 + (number % 8),
          { kind: 5, learningRate: 0.1, initialAccumulator: 0.1 },
          { kind: 3, low: -1, high: 1 },
        ),
        ttlMs: 60_000,
        rowsMax: 1_000,
        admission: { kind: 2, count: 2, probability: 0 },
      },
    }),
  ],
  '/weir.v1.ParameterServer/ListTables': () => [encoded(ps.ListTablesRequest)],
  '/weir.v1.ParameterServer/AlterTable': (number) => [
    encoded(ps.AlterTableRequest, {
      spec: { ...tableSpec('altered', 2, { kind: 3, learningRate: 0.1 + (number % 7) }), gradientClip: 1 },
    }),
  ],
  '/weir.v1.ParameterServer/DropTable': (number) => [
    encoded(ps.DropTableRequest, { uid: `uid-made-${number % 40}` }),
  ],
  '/weir.v1.ParameterServer/GetRouting': () => [encoded(ps.GetRoutingRequest)],
  '/weir.v1.ParameterServer/DescribeShard': () => [encoded(ps.DescribeShardRequest)],
  '/weir.v1.ParameterServer/Pull': (number) => [
    encoded(ps.PullRequest, {
      requestId: number + 1,
      epoch: 1,
      parts: [
        {
          tableUid: TARGET.uid,
          keys: keysOf(number),
          encoding: number % 2 === 0 ? ValueEncoding.F32 : ValueEncoding.F16,
        },
      ],
    }),
  ],
  '/weir.v1.ParameterServer/PullOnce': (number) => [
    encoded(ps.PullRequest, {
      requestId: 1,
      epoch: 1,
      parts: [{ tableUid: TARGET.uid, keys: keysOf(number), encoding: ValueEncoding.F32 }],
      traceParent: Buffer.alloc(26, 1),
    }),
  ],
  '/weir.v1.ParameterServer/Push': (number) => [
    encoded(ps.PushRequest, {
      client: { id: `stream-${number % 50}`, incarnation: `i${number}` },
      number: 1,
      epoch: 1,
      parts: [part(1_000_000 + number)],
    }),
    encoded(ps.PushRequest, { number: 2, epoch: 1, parts: [part(2_000_000 + number)], moreFrames: true }),
    encoded(ps.PushRequest, {
      number: 2,
      epoch: 1,
      parts: [part(3_000_000 + number)],
      sources: [source(number)],
    }),
  ],
  '/weir.v1.ParameterServer/PushOnce': (number) => [
    encoded(ps.PushRequest, {
      client: number % 3 === 0 ? { id: `once-${number % 10}`, incarnation: 'i' } : undefined,
      number: number % 3 === 0 ? Math.floor(number / 30) + 1 : 0,
      epoch: 1,
      parts:
        number % 5 === 0 ? [part(4_000_000 + number), part(5_000_000 + number)] : [part(4_000_000 + number)],
      originTimeMs: SERVING_TIME_MS,
    }),
  ],
  '/weir.v1.ParameterServer/Subscribe': () => [
    encoded(ps.SubscribeRequest, {
      tableUid: TARGET.uid,
      slots: Buffer.alloc(128, 0xff),
      cursor: { tableUid: TARGET.uid, shard: 'shard-0', logIncarnation: 'x', seq: 5 },
      intervalMs: 1,
    }),
  ],
  '/weir.v1.ParameterServer/LastChanges': (number) => [
    encoded(ps.LastChangesRequest, { tableUid: TARGET.uid, keys: keysOf(number) }),
  ],
  '/weir.v1.Groups/Join': (number) => [
    encoded(groups.JoinGroupRequest, {
      group: `${GROUP}-${number % 5}`,
      member: { name: `member-${number % 3}`, incarnation: `i${number}` },
      leaseMs: 1_000,
    }),
  ],
  '/weir.v1.Groups/Renew': (number) => [
    encoded(groups.RenewLeaseRequest, {
      group: `${GROUP}-${number % 5}`,
      member: MEMBER,
      clock: { report: number, windows: 1, pace: 3 },
    }),
  ],
  '/weir.v1.Groups/Leave': (number) => [
    encoded(groups.LeaveGroupRequest, { group: `${GROUP}-${number % 5}`, member: MEMBER }),
  ],
  '/weir.v1.Groups/Sync': () => [
    encoded(groups.SyncRequest, {
      start: {
        group: GROUP,
        member: MEMBER,
        generation: 1,
        step: 1,
        timeoutMs: 20,
        parts: [{ name: 'dense', type: 1, reduce: 2, bytes: 2 * syncData.length }],
      },
      data: syncData,
    }),
    encoded(groups.SyncRequest, { data: syncData }),
  ],
  '/weir.v1.Groups/Latest': () => [encoded(groups.LatestResultRequest, { group: GROUP })],
  '/weir.v1.Groups/Describe': () => [encoded(groups.DescribeGroupRequest, { group: GROUP })],
  '/weir.v1.Groups/Watch': () => [encoded(groups.WatchGroupRequest, { group: GROUP })],
  '/weir.v1.Sources/Acquire': (number) => [
    encoded(sources.AcquireSourcesRequest, {
      group: `${GROUP}-${number % 5}`,
      generation: number,
      partitions: [
        { partition: 0, incarnation: 'log', start: 0 },
        { partition: 1, incarnation: 'log', start: 4 },
      ],
    }),
  ],
  '/weir.v1.Sources/Describe': () => [encoded(sources.DescribeSourcesRequest, { group: GROUP })],
  '/weir.v1.Sources/Reset': (number) => [
    encoded(sources.ResetSourcesRequest, { group: `${GROUP}-${number % 5}`, partitions: [0, 1] }),
  ],
  '/weir.v1.Streams/CreateStream': (number) => [
    encoded(streams.CreateStreamRequest, { stream: `made-${number % 20}`, partitions: 1 + (number % 4) }),
  ],
  '/weir.v1.Streams/ListStreams': () => [encoded(streams.ListStreamsRequest)],
  '/weir.v1.Streams/Append': (number) => [
    encoded(streams.AppendRequest, {
      stream: STREAM,
      partition: number % PARTITIONS,
      records: [record(number), record(number + 1)],
    }),
    encoded(streams.AppendRequest, {
      stream: STREAM,
      partition: number % PARTITIONS,
      producer: { id: `producer-${number}`, epoch: 1 },
      firstSequence: 1,
      records: [record(number)],
    }),
  ],
  '/weir.v1.Streams/Read': (number) => [
    encoded(streams.ReadRequest, {
      stream: STREAM,
      partition: 0,
      offset: number % 50,
      follow: number % 2 === 0,
    }),
  ],
  '/weir.v1.Streams/EndOffsets': () => [encoded(streams.EndOffsetsRequest, { stream: STREAM })],
  '/weir.v1.Streams/CommitOffsets': (number) => [
    encoded(streams.CommitOffsetsRequest, {
      group: 'g',
      stream: STREAM,
      offsets: [{ partition: 0, offset: number % 100, timeMs: SERVING_TIME_MS }],
    }),
  ],
  '/weir.v1.Streams/GroupOffsets': () => [
    encoded(streams.GroupOffsetsRequest, { group: 'g', stream: STREAM }),
  ],
  '/weir.v1.Streams/Trim': (number) => [
    encoded(streams.TrimRequest, { stream: 'trimmed', partition: 0, offset: number % 3 }),
  ],
  '/weir.v1.Streams/Fence': (number) => [
    encoded(streams.FenceRequest, { stream: 'fenced', partition: 0, producer: { id: 'p', epoch: number } }),
  ],
  '/weir.v1.Ingest/PutFeatures': (number) => [
    encoded(ingest.PutFeaturesRequest, { records: [featureRecord(number)] }),
  ],
  '/weir.v1.Ingest/PutEvents': (number) => [encoded(ingest.PutEventsRequest, { events: [event(number)] })],
  '/weir.v1.Predictor/Rank': (number) => [
    encoded(predictor.RankRequest, {
      servingId: `rank-${number}`,
      timeMs: SERVING_TIME_MS,
      user: 'u1',
      scene: 'shop',
      docIds: ['a', 'b'],
      features: block,
    }),
  ],
  '/grpc.health.v1.Health/Check': HEALTH,
  '/grpc.health.v1.Health/Watch': HEALTH,
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo': REFLECTION,
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo': REFLECTION,
};
