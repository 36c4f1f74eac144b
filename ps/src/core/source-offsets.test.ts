// Source offsets against a model that has no placement: it applies the records that were written, one after the other.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLogRecord, encodeLogRecord, type LogRecord } from './log-record.ts';
import { replaySources } from './replay-sources.ts';
import { type SourceChanges, SourceOffsets } from './source-offsets.ts';

const GROUPS = ['a', 'b'];
const CLIENT = { id: 'c', incarnation: 'i', number: 1 };

interface Known {
  incarnation: string;
  generation: number;
  start: number;
  applied: number;
}

/** `group/partition` -> what is known. */
type Model = Map<string, Known>;

type Op =
  | { readonly kind: 'push'; readonly ranges: readonly PushRange[] }
  | {
      readonly kind: 'acquire';
      readonly group: string;
      readonly generationShift: number;
      readonly starts: Start[];
    }
  | { readonly kind: 'reset'; readonly group: string; readonly partitions: number[] }
  /** So many records that were placed are written; or, from the newest on, refused. */
  | { readonly kind: 'written' | 'refused'; readonly records: number }
  | { readonly kind: 'round' | 'restart' };

interface PushRange {
  readonly group: string;
  readonly partition: number;
  /** From what is applied, and from what is owned: small errors of both signs. */
  readonly fromShift: number;
  readonly length: number;
  readonly generationShift: number;
  readonly incarnation: string;
}

interface Start {
  readonly partition: number;
  readonly incarnation: string;
  readonly start: number;
}

const group = fc.constantFrom(...GROUPS);
const partition = fc.integer({ min: 0, max: 2 });
const mostly = <T>(usual: T, ...rare: T[]) =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 3 }, { arbitrary: fc.constantFrom(...rare), weight: 1 });
const incarnation = fc.oneof(
  { arbitrary: fc.constant('one'), weight: 60 },
  { arbitrary: fc.constant('two'), weight: 1 },
);
const byPartition = <T extends { partition: number; group?: string }>(arbitrary: fc.Arbitrary<T>) =>
  fc.uniqueArray(arbitrary, {
    minLength: 1,
    maxLength: 3,
    selector: ({ group: of = '', partition: number }) => `${of}/${number}`,
  });
const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      kind: fc.constant('push' as const),
      ranges: byPartition(
        fc.record({
          group,
          partition,
          fromShift: mostly(0, -4, -1, 1),
          length: fc.integer({ min: 1, max: 4 }),
          generationShift: fc.constantFrom(...Array<number>(20).fill(0), -1, 1),
          incarnation,
        }),
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('acquire' as const),
      group,
      generationShift: mostly(1, 0, -1),
      starts: byPartition(fc.record({ partition, incarnation, start: fc.integer({ min: 0, max: 9 }) })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('reset' as const),
      group,
      partitions: fc.array(partition, { maxLength: 2 }),
    }),
  },
  {
    weight: 15,
    arbitrary: fc.record({
      kind: fc.constantFrom('written' as const, 'written' as const, 'refused' as const),
      records: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('round' as const, 'restart' as const) }) },
);

const STARTS = [0, 1, 2].map((number) => ({ partition: number, incarnation: 'one', start: 0 }));

const keyOf = (of: string, number: number): string => `${of}/${number}`;

function applyToModel(model: Model, record: LogRecord): void {
  if (record.kind === 'push') {
    for (const { group: of, partition: number, to } of record.sources) {
      model.get(keyOf(of, number))!.applied = to;
    }
  } else if (record.kind === 'acquire') {
    for (const { partition: number, incarnation: of, start } of record.partitions) {
      const key = keyOf(record.group, number);
      const known = model.get(key) ?? { incarnation: of, generation: 0, start, applied: start };
      model.set(key, { ...known, generation: record.generation });
    }
  } else if (record.kind === 'reset') {
    for (const key of [...model.keys()]) {
      const [of, number] = key.split('/');
      if (of === record.group && record.partitions.includes(Number(number))) model.delete(key);
    }
  }
}

function modelAfter(records: readonly LogRecord[]): Model {
  const model: Model = new Map();
  for (const record of records) applyToModel(model, record);
  return model;
}

/** What is expected of a push: code of its refusal, or what becomes of it. */
function expectedOf(ranges: readonly { from: number; to: number; known: Known | undefined; asked: Known }[]) {
  for (const { known, asked } of ranges) {
    if (known === undefined || asked.generation !== known.generation) return 'FENCED';
    if (asked.incarnation !== known.incarnation) return 'SOURCE_LOST';
  }
  const isOld = ranges.map(({ to, known }) => to <= known!.applied);
  const isNew = ranges.map(({ from, known }) => from === known!.applied);
  if (isNew.every(Boolean)) return 'applies';
  if (isOld.every(Boolean)) return 'repeat';
  if (isNew.every((fits, i) => fits || isOld[i])) return 'SOURCE_MIXED';
  return 'SOURCE_GAP';
}

/** One shard's offsets, the records placed in its log, and those that stand in it. */
class Harness {
  offsets = new SourceOffsets();
  readonly placed: { record: LogRecord; changes: SourceChanges }[] = [];
  written: LogRecord[] = [];
  #mark = { records: 0, bytes: this.offsets.snapshot() };

  run(step: Op): void {
    switch (step.kind) {
      case 'push':
        this.#push(step.ranges);
        break;
      case 'acquire':
        this.#acquire(step.group, step.generationShift, step.starts);
        break;
      case 'reset': {
        const changes = this.offsets.resetting(
          step.group,
          step.partitions.length === 0 ? 'all' : step.partitions,
        );
        const partitions = changes.map(({ slot }) => slot.partition);
        const before = modelAfter([...this.written, ...this.placed.map(({ record }) => record)]);
        const known = [...before.keys()].filter((key) => key.startsWith(`${step.group}/`));
        const asked = step.partitions.map((number) => keyOf(step.group, number));
        expect(partitions.map((number) => keyOf(step.group, number))).toEqual(
          known.filter((key) => asked.length === 0 || asked.includes(key)).sort(),
        );
        this.#place({ kind: 'reset', seq: 1, group: step.group, partitions }, changes);
        break;
      }
      case 'written':
        for (const { record, changes } of this.placed.splice(0, step.records)) {
          this.offsets.logged(changes);
          this.written.push(record);
        }
        break;
      case 'refused':
        for (const { changes } of this.placed.splice(-step.records).reverse()) this.offsets.withdraw(changes);
        break;
      case 'round':
        this.#mark = { records: this.written.length, bytes: this.offsets.snapshot() };
        break;
      case 'restart':
        this.placed.length = 0;
        this.offsets = SourceOffsets.restore(this.#mark.bytes);
        for (const record of this.written.slice(this.#mark.records)) {
          replaySources(decodeLogRecord(encodeLogRecord(record), record.seq), this.offsets);
        }
        break;
    }
    this.check();
  }

  check(): void {
    const model = modelAfter(this.written);
    const told = GROUPS.flatMap((of) => this.offsets.of(of)).map((entry) => {
      const { group: of, partition: number, lost, ...known } = entry;
      expect(lost).toBe(false);
      return [keyOf(of, number), known] as const;
    });
    expect(new Map(told)).toEqual(model);
    if (this.placed.length === 0) expect(this.offsets.size).toBe(model.size);
  }

  #push(asked: readonly PushRange[]): void {
    const model = modelAfter([...this.written, ...this.placed.map(({ record }) => record)]);
    const ranges = asked.map(({ fromShift, length, generationShift, ...range }) => {
      const known = model.get(keyOf(range.group, range.partition));
      const from = (known?.applied ?? 0) + fromShift;
      const generation = (known?.generation ?? 1) + generationShift;
      return { ...range, generation, from, to: from + length };
    });
    const verdict = this.offsets.judge(ranges);
    const expected = expectedOf(
      ranges.map((range) => ({
        ...range,
        known: model.get(keyOf(range.group, range.partition)),
        asked: { ...range, start: 0, applied: 0 },
      })),
    );
    expect(verdict.kind === 'refused' ? verdict.error.code : verdict.kind).toBe(expected);
    if (verdict.kind === 'refused' && verdict.error.code === 'SOURCE_GAP') {
      expect(ranges.map((range) => model.get(keyOf(range.group, range.partition))!.applied)).toContain(
        verdict.error.applied,
      );
    }
    if (verdict.kind !== 'applies') return;
    const sources = ranges.map(({ incarnation: _, ...range }) => range);
    const content = { client: CLIENT, clockMs: 0, originTimeMs: 0, sources, parts: [] };
    this.#place({ kind: 'push', seq: 1, ...content }, verdict.changes);
  }

  #acquire(of: string, generationShift: number, partitions: readonly Start[]): void {
    const model = modelAfter([...this.written, ...this.placed.map(({ record }) => record)]);
    const generations = partitions.map(
      ({ partition: number }) => model.get(keyOf(of, number))?.generation ?? 1,
    );
    const generation = Math.max(...generations) + generationShift;
    const codes = partitions.map(({ partition: number, incarnation: asked }) => {
      const known = model.get(keyOf(of, number));
      if (known !== undefined && generation < known.generation) return 'FENCED';
      return known !== undefined && asked !== known.incarnation ? 'SOURCE_LOST' : 'acquired';
    });
    const refused = codes.find((code) => code !== 'acquired');
    if (refused !== undefined) {
      expect(() => this.offsets.acquiring(of, generation, partitions)).toThrow(
        expect.objectContaining({ code: refused }),
      );
      return;
    }
    const changes = this.offsets.acquiring(of, generation, partitions);
    this.#place({ kind: 'acquire', seq: 1, group: of, generation, partitions }, changes);
  }

  #place(record: LogRecord, changes: SourceChanges): void {
    this.offsets.place(changes);
    this.placed.push({ record, changes });
  }
}

describe('source offsets', () => {
  it('are what the written records say, whatever was placed, refused, saved and replayed in between', () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 60, size: 'max' }), (ops) => {
        const harness = new Harness();
        for (const of of GROUPS)
          harness.run({ kind: 'acquire', group: of, generationShift: 1, starts: STARTS });
        harness.run({ kind: 'written', records: 2 });
        for (const step of ops) harness.run(step);
      }),
      { numRuns: 400 },
    );
  });

  it('that were lost are told, refuse pushes and acquisition, and are forgotten by a reset only', () => {
    const offsets = new SourceOffsets();
    const entry = {
      group: 'g',
      partition: 3,
      incarnation: 'one',
      generation: 4,
      start: 7,
      applied: 90,
      lost: false,
    };
    offsets.lose(entry);
    expect(offsets.of('g')).toEqual([{ ...entry, lost: true }]);
    const range = { group: 'g', partition: 3, generation: 4, incarnation: 'one', from: 90, to: 91 };
    expect(offsets.judge([range])).toMatchObject({ kind: 'refused', error: { code: 'SOURCE_LOST' } });
    const start = { partition: 3, incarnation: 'one', start: 0 };
    const lost = expect.objectContaining({ code: 'SOURCE_LOST' });
    expect(() => offsets.acquiring('g', 5, [start])).toThrow(lost);
    expect(SourceOffsets.restore(offsets.snapshot()).size).toBe(0);
    const reset = offsets.resetting('g', 'all');
    offsets.place(reset);
    offsets.logged(reset);
    offsets.place(offsets.acquiring('g', 1, [start]));
    expect(offsets.judge([{ ...range, generation: 1, from: 0, to: 1 }]).kind).toBe('applies');
  });

  it('are bounded in number', () => {
    const offsets = new SourceOffsets();
    const full = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
    const acquire = (of: string, from: number, count: number) =>
      offsets.place(
        offsets.acquiring(
          of,
          1,
          Array.from({ length: count }, (_, i) => ({ partition: from + i, incarnation: 'one', start: 0 })),
        ),
      );
    acquire('g', 0, 16_384);
    expect(() => acquire('g', 16_384, 1)).toThrow(full);
    acquire('g', 0, 16_384);
    const many = new SourceOffsets();
    for (let i = 0; i < 1_024; i++) {
      many.place(many.acquiring(`g${i}`, 1, [{ partition: 0, incarnation: 'one', start: 0 }]));
    }
    expect(() => many.acquiring('one more', 1, [{ partition: 0, incarnation: 'one', start: 0 }])).toThrow(
      full,
    );
  });

  it('in a damaged form are CORRUPT, and records that do not follow each other too', () => {
    const offsets = new SourceOffsets();
    offsets.place(offsets.acquiring('g', 1, [{ partition: 0, incarnation: 'one', start: 5 }]));
    const bytes = offsets.snapshot();
    bytes[bytes.length - 1]! ^= 1;
    const corrupt = expect.objectContaining({ code: 'CORRUPT' });
    expect(() => SourceOffsets.restore(bytes)).toThrow(corrupt);
    const content = { client: CLIENT, clockMs: 0, originTimeMs: 0, parts: [] };
    const push = (from: number, generation = 1): LogRecord => {
      const sources = [{ group: 'g', partition: 0, generation, from, to: from + 1 }];
      return { kind: 'push', seq: 9, ...content, sources };
    };
    expect(() => replaySources(push(4), offsets)).toThrow(corrupt);
    expect(() => replaySources(push(5, 2), offsets)).toThrow(corrupt);
    replaySources(push(5), offsets);
    expect(() => replaySources(push(5), offsets)).toThrow(corrupt);
  });
});
