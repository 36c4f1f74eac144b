import { WeirError } from '@weir/proto';
import { InitializerKind, OptimizerKind } from '@weir/proto/v1/tables';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLogRecord, encodeLogRecord, type LogRecord } from './log-record.ts';
import { seal } from './sealed.ts';

const seq = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const client = fc.record({
  id: fc.string({ unit: 'grapheme', maxLength: 20 }),
  incarnation: fc.string({ maxLength: 20 }),
  number: fc.integer({ min: 1, max: 2 ** 50 }),
});
const keys = fc.uint32Array({ maxLength: 20 }).map((words) => words.subarray(0, words.length & ~1));
const part = fc.record({
  tableUid: fc.string({ maxLength: 40 }),
  keys,
  values: fc.float32Array({ noNaN: true, maxLength: 40 }),
  counted: keys,
});
const partition = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const offset = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const range = fc.record({ group: fc.string(), partition, generation: offset, from: offset, to: offset });
const error = fc
  .string()
  .map((message) => new WeirError('NOT_OWNER', message, { epoch: 3, keyIndex: 0 }).toDetail());
const spec = fc
  .record({ name: fc.string(), dim: fc.integer({ min: 1, max: 4096 }) })
  .map(({ name, dim }) => ({
    name,
    uid: 'u-1',
    seed: 2 ** 53 - 1,
    dim,
    optimizer: {
      kind: OptimizerKind.ADAGRAD,
      learningRate: Math.fround(0.1),
      initialAccumulator: 0.5,
      beta1: 0,
      beta2: 0,
      epsilon: 0,
      ftrlBeta: 0,
      l1: 0,
      l2: 0,
      momentum: 0,
    },
    initializer: { kind: InitializerKind.ZERO, value: 0, low: 0, high: 0, mean: 0, standardDeviation: 0 },
    gradientClip: 0,
    updateNormMax: 1.5,
    admission: undefined,
    ttlMs: 0,
    rowsMax: 0,
    memoryRowsMax: 0,
  }));
const record: fc.Arbitrary<LogRecord> = fc.oneof(
  fc.record({
    kind: fc.constant('push' as const),
    seq,
    client,
    clockMs: fc.nat(),
    originTimeMs: fc.nat(),
    sources: fc.array(range, { maxLength: 3 }),
    parts: fc.array(part, { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('create' as const), seq, spec }),
  fc.record({ kind: fc.constant('alter' as const), seq, spec }),
  fc.record({
    kind: fc.constant('remove' as const),
    seq,
    tableUid: fc.string(),
    reason: fc.constantFrom('expired' as const, 'evicted' as const),
    upToSeq: seq,
    keys,
  }),
  fc.record({ kind: fc.constant('drop' as const), seq, tableUid: fc.string() }),
  fc.record({ kind: fc.constant('refusal' as const), seq, client, error }),
  fc.record({ kind: fc.constant('repeat' as const), seq, client }),
  fc.record({
    kind: fc.constant('acquire' as const),
    seq,
    group: fc.string(),
    generation: offset,
    partitions: fc.array(fc.record({ partition, incarnation: fc.string(), start: offset }), { maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('reset' as const),
    seq,
    group: fc.string(),
    partitions: fc.array(partition, { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('forget' as const), seq, clients: fc.array(client, { maxLength: 5 }) }),
);

const corrupt = (message: RegExp) =>
  expect.objectContaining({ code: 'CORRUPT', message: expect.stringMatching(message) });
const EXAMPLE: LogRecord = { kind: 'drop', seq: 41, tableUid: 'u-1' };

describe('a log record', () => {
  it('comes back as it was, at any alignment', () => {
    fc.assert(
      fc.property(record, fc.nat(9), (original, offset) => {
        const stored = encodeLogRecord(original);
        const memory = Buffer.alloc(offset + stored.length);
        memory.set(stored, offset);
        expect(decodeLogRecord(memory.subarray(offset), original.seq)).toEqual(original);
      }),
    );
  });

  it('is CORRUPT, by its seq, with any one bit flipped or its end missing', () => {
    fc.assert(
      fc.property(record, fc.nat(), fc.nat(7), fc.nat(), (original, at, bit, cut) => {
        const stored = encodeLogRecord(original);
        const flipped = Uint8Array.from(stored);
        flipped[at % stored.length]! ^= 1 << bit;
        const message = new RegExp(`^log record ${original.seq}: `);
        expect(() => decodeLogRecord(flipped, original.seq)).toThrow(corrupt(message));
        const short = stored.subarray(0, cut % stored.length);
        expect(() => decodeLogRecord(short, original.seq)).toThrow(corrupt(message));
      }),
    );
  });

  it('is CORRUPT under a seq that is not its own', () => {
    expect(() => decodeLogRecord(encodeLogRecord(EXAMPLE), 42)).toThrow(
      corrupt(/^log record 42: .*record 41/),
    );
  });

  it('is refused when a newer Weir wrote it', () => {
    const newer = seal(encodeLogRecord(EXAMPLE), 4, 3);
    expect(() => decodeLogRecord(newer, 41)).toThrow(
      expect.objectContaining({ code: 'CONFIGURATION', message: expect.stringMatching(/41 has format 4/) }),
    );
  });

  it('is CORRUPT when its kind is unknown or bytes are left over', () => {
    const stored = encodeLogRecord(EXAMPLE);
    expect(() => decodeLogRecord(seal(Uint8Array.from(stored), 3, 99), 41)).toThrow(
      corrupt(/unknown kind 99/),
    );
    const longer = new Uint8Array(stored.length + 3);
    longer.set(stored);
    expect(() => decodeLogRecord(seal(longer, 3, 3), 41)).toThrow(corrupt(/3 bytes are left over/));
  });
});
