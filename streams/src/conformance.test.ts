// One suite for every implementation of the streams: what the client's interface promises.
import type { WeirError } from '@weir/proto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppendRecord, END_OF_INPUT_MS, type StreamRecord, type StreamsClient } from './client/index.ts';
import { IMPLEMENTATIONS, type Opened } from './testing/implementations.ts';

const record = (text: string): AppendRecord => ({ value: Buffer.from(text) });
const textOf = ({ value }: StreamRecord): string => Buffer.from(value).toString();
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

async function readAll(
  client: StreamsClient,
  stream: string,
  partition = 0,
  offset = 0,
): Promise<StreamRecord[]> {
  const records: StreamRecord[] = [];
  for await (const batch of client.read(stream, partition, { offset })) records.push(...batch.records);
  return records;
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: WeirError) => error.code,
  );

describe.each(Object.keys(IMPLEMENTATIONS))('streams %s', (name) => {
  let opened: Opened;
  let client: StreamsClient;
  let made = 0;

  beforeAll(async () => {
    opened = await IMPLEMENTATIONS[name]!();
    client = opened.client;
  });
  afterAll(() => opened.close());

  /** A stream of its own for each test. */
  async function newStream(partitions = 1): Promise<string> {
    made += 1;
    const stream = `stream-${made}`;
    await client.create(stream, partitions);
    return stream;
  }

  it('makes a stream once, and keeps its number of partitions', async () => {
    const stream = await newStream(3);
    await Promise.all([client.create(stream, 3), client.create(stream, 3)]);
    expect(await client.partitions(stream)).toBe(3);
    expect(await codeOf(client.create(stream, 2))).toBe('SCHEMA_MISMATCH');
    expect(await codeOf(client.create('no/slashes', 1))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(client.create('none', 0))).toBe('INVALID_ARGUMENT');
  });

  it('knows neither streams nor partitions that were not made', async () => {
    const stream = await newStream();
    expect(await codeOf(client.append('absent', 0, [record('a')]))).toBe('STREAM_NOT_FOUND');
    expect(await codeOf(readAll(client, 'absent'))).toBe('STREAM_NOT_FOUND');
    expect(await codeOf(client.endOffsets('absent'))).toBe('STREAM_NOT_FOUND');
    expect(await codeOf(client.groupOffsets('group', 'absent'))).toBe('STREAM_NOT_FOUND');
    expect(await codeOf(client.append(stream, 1, [record('a')]))).toBe('INVALID_ARGUMENT');
  });

  it('gives records back as they were, in order, with offset and append time', async () => {
    const stream = await newStream(2);
    const before = Date.now();
    const { endOffset, duplicates } = await client.append(stream, 1, [
      { value: Buffer.from('data'), headers: { traceparent: '00-ab-cd-01', ünï: 'cödé' } },
      { progressTimeMs: END_OF_INPUT_MS },
      { progressTimeMs: -7 },
      {},
    ]);
    expect([endOffset, duplicates]).toEqual([4, 0]);
    expect(await client.append(stream, 1, [record('next')])).toEqual({ endOffset: 5, duplicates: 0 });
    const records = await readAll(client, stream, 1);
    expect(records.map(({ offset }) => offset)).toEqual(numbers(5));
    expect(records.map(textOf)).toEqual(['data', '', '', '', 'next']);
    expect(records[0]!.headers).toEqual({ traceparent: '00-ab-cd-01', ünï: 'cödé' });
    expect(records[1]!.headers).toEqual({});
    expect(records.map(({ progressTimeMs }) => progressTimeMs)).toEqual([
      undefined,
      END_OF_INPUT_MS,
      -7,
      undefined,
      undefined,
    ]);
    for (const { appendTimeMs } of records) {
      expect(appendTimeMs).toBeGreaterThanOrEqual(before);
      expect(appendTimeMs).toBeLessThanOrEqual(Date.now());
    }
    expect(await readAll(client, stream, 0)).toEqual([]);
  });

  it('reads from any offset, in batches that follow each other', async () => {
    const stream = await newStream();
    for (const begin of [0, 100, 200]) {
      const values = numbers(100).map((index) => ({ value: Buffer.alloc(9_000, begin + index) }));
      await client.append(stream, 0, values);
    }
    let batches = 0;
    let offset = 137;
    for await (const batch of client.read(stream, 0, { offset })) {
      batches += 1;
      expect(batch.endOffset).toBe(300);
      for (const one of batch.records) {
        expect(one.offset).toBe(offset);
        expect(one.value).toHaveLength(9_000);
        expect(one.value[8_999]).toBe(offset % 256);
        offset += 1;
      }
    }
    expect(offset).toBe(300);
    expect(batches).toBeGreaterThan(2);
  });

  it('carries records much larger than a batch, and refuses those over the limit', async () => {
    const stream = await newStream();
    const large = Buffer.alloc(3_000_000, 5);
    await client.append(stream, 0, [record('before'), { value: large }, record('after')]);
    const records = await readAll(client, stream);
    expect(records.map(({ value }) => value.byteLength)).toEqual([6, 3_000_000, 5]);
    expect(large.equals(records[1]!.value)).toBe(true);
    const tooLarge = { value: Buffer.alloc(4 * 1024 * 1024 + 1) };
    expect(await codeOf(client.append(stream, 0, [tooLarge]))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(client.append(stream, 0, [{ progressTimeMs: 0.5 }]))).toBe('INVALID_ARGUMENT');
    expect((await client.endOffsets(stream))[0]!.endOffset).toBe(3);
  });

  it('shows a follower what is appended later, until its signal is aborted', async () => {
    const stream = await newStream();
    await client.append(stream, 0, [record('0')]);
    const seen: string[] = [];
    const stop = new AbortController();
    for await (const batch of client.read(stream, 0, { offset: 0, follow: true, signal: stop.signal })) {
      seen.push(...batch.records.map(textOf));
      if (seen.length === 20) stop.abort();
      else void client.append(stream, 0, [record(String(seen.length))]);
    }
    expect(seen).toEqual(numbers(20).map(String));
  });

  it('ends a follower that waits when its signal is aborted', async () => {
    const stream = await newStream();
    const stop = new AbortController();
    const iteration = client
      .read(stream, 0, { offset: 0, follow: true, signal: stop.signal })
      [Symbol.asyncIterator]();
    const next = iteration.next();
    setTimeout(() => stop.abort(), 20);
    expect((await next).done).toBe(true);
  });

  it('keeps each call together and each caller in order under concurrent appends', async () => {
    const stream = await newStream(2);
    const append = (partition: number, call: number): Promise<unknown> =>
      client.append(stream, partition, [record(`${call}:0`), record(`${call}:1`)]);
    await Promise.all(numbers(200).map((call) => append(call % 2, call)));
    for (const partition of [0, 1]) {
      const calls = numbers(200).filter((call) => call % 2 === partition);
      expect((await readAll(client, stream, partition)).map(textOf)).toEqual(
        calls.flatMap((call) => [`${call}:0`, `${call}:1`]),
      );
    }
  });

  it('tells each of concurrent appends its own end offset', async () => {
    const stream = await newStream();
    const ends = await Promise.all(numbers(50).map(() => client.append(stream, 0, [{}, {}, {}])));
    expect(ends.map(({ endOffset }) => endOffset)).toEqual(numbers(50).map((index) => 3 * (index + 1)));
  });

  it('appends a sequence once, however often and however overlapping it is sent', async () => {
    const stream = await newStream();
    const append = (first: number, texts: string[], epoch = 1) =>
      client.append(stream, 0, texts.map(record), {
        producer: { id: 'stage/0', epoch, firstSequence: first },
      });
    expect(await append(1, ['1', '2', '3'])).toEqual({ endOffset: 3, duplicates: 0 });
    expect(await append(1, ['1', '2', '3'])).toEqual({ endOffset: 3, duplicates: 3 });
    expect(await append(2, ['2', '3', '4', '5'])).toEqual({ endOffset: 5, duplicates: 2 });
    expect(await codeOf(append(7, ['7']))).toBe('SEQUENCE_GAP');
    expect(await codeOf(append(0, ['0']))).toBe('INVALID_ARGUMENT');
    expect(await append(6, ['6'])).toEqual({ endOffset: 6, duplicates: 0 });
    expect((await readAll(client, stream)).map(textOf)).toEqual(['1', '2', '3', '4', '5', '6']);
  });

  it('takes consecutive sequences that are sent without waiting, some of them again', async () => {
    const stream = await newStream();
    const append = (first: number) =>
      client.append(stream, 0, [record(`${first}`), record(`${first + 1}`)], {
        producer: { id: 'p', epoch: 1, firstSequence: first },
      });
    await Promise.all([append(1), append(3), append(5)]);
    const again = await Promise.all([append(3), append(5), append(7), append(9)]);
    expect(again.map(({ duplicates }) => duplicates)).toEqual([2, 2, 0, 0]);
    expect(again.map(({ endOffset }) => endOffset)).toEqual([6, 6, 8, 10]);
    expect((await readAll(client, stream)).map(textOf)).toEqual(numbers(10).map((index) => `${index + 1}`));
  });

  it('keeps sequences apart by producer and partition', async () => {
    const stream = await newStream(2);
    const append = (partition: number, id: string) =>
      client.append(stream, partition, [record(id)], { producer: { id, epoch: 1, firstSequence: 1 } });
    await Promise.all([append(0, 'a'), append(0, 'b'), append(1, 'a')]);
    expect((await append(1, 'a')).duplicates).toBe(1);
    expect((await readAll(client, stream, 0)).map(textOf).sort()).toEqual(['a', 'b']);
    expect((await readAll(client, stream, 1)).map(textOf)).toEqual(['a']);
  });

  it('fences the epochs below one that it has seen, by fence or by append', async () => {
    const stream = await newStream();
    const append = (epoch: number, first: number) =>
      client.append(stream, 0, [record(`${epoch}`)], { producer: { id: 'p', epoch, firstSequence: first } });
    expect(await client.fence(stream, 0, { id: 'p', epoch: 3 })).toEqual({ lastSequence: 0 });
    expect(await codeOf(append(2, 1))).toBe('FENCED');
    await append(3, 1);
    await append(5, 2);
    expect(await codeOf(append(4, 3))).toBe('FENCED');
    expect(await codeOf(append(3, 1))).toBe('FENCED');
    expect(await codeOf(client.fence(stream, 0, { id: 'p', epoch: 4 }))).toBe('FENCED');
    expect(await client.fence(stream, 0, { id: 'p', epoch: 6 })).toEqual({ lastSequence: 2 });
    expect(await client.fence(stream, 0, { id: 'p', epoch: 6 })).toEqual({ lastSequence: 2 });
    expect(await codeOf(append(5, 3))).toBe('FENCED');
    expect(await append(6, 3)).toEqual({ endOffset: 3, duplicates: 0 });
  });

  it('agrees with a plain model of idempotent appends', async () => {
    const step = fc.record({
      id: fc.constantFrom('a', 'b'),
      epoch: fc.integer({ min: 1, max: 3 }),
      firstSequence: fc.integer({ min: 1, max: 9 }),
      count: fc.integer({ min: 1, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const stream = await newStream();
        const model: string[] = [];
        const epochs = new Map<string, number>();
        const lasts = new Map<string, number>();
        for (const { id, epoch, firstSequence, count } of steps) {
          const sequences = numbers(count).map((index) => firstSequence + index);
          const outcome = await codeOf(
            client.append(
              stream,
              0,
              sequences.map((sequence) => record(`${id}${sequence}`)),
              { producer: { id, epoch, firstSequence } },
            ),
          );
          const last = lasts.get(id) ?? 0;
          if (epoch < (epochs.get(id) ?? 0)) {
            expect(outcome).toBe('FENCED');
          } else if (firstSequence > last + 1) {
            expect(outcome).toBe('SEQUENCE_GAP');
          } else {
            expect(outcome).toBe('no error');
            epochs.set(id, epoch);
            model.push(...sequences.filter((one) => one > last).map((one) => `${id}${one}`));
            lasts.set(id, Math.max(last, firstSequence + count - 1));
          }
        }
        expect((await readAll(client, stream)).map(textOf)).toEqual(model);
      }),
      { numRuns: 15 },
    );
  });

  it('trims below an offset, within what was appended at once, and goes on after all is gone', async () => {
    const stream = await newStream();
    for (const call of numbers(5)) await client.append(stream, 0, [record(`${call}a`), record(`${call}b`)]);
    await client.trim(stream, 0, 3);
    expect(await client.endOffsets(stream)).toMatchObject([{ startOffset: 3, endOffset: 10 }]);
    expect((await readAll(client, stream, 0, 3)).map(textOf)).toEqual([
      '1b',
      '2a',
      '2b',
      '3a',
      '3b',
      '4a',
      '4b',
    ]);
    expect(await codeOf(readAll(client, stream, 0, 2))).toBe('OFFSET_OUT_OF_RANGE');
    await client.trim(stream, 0, 1);
    expect(await client.endOffsets(stream)).toMatchObject([{ startOffset: 3 }]);
    expect(await codeOf(client.trim(stream, 0, 11))).toBe('OFFSET_OUT_OF_RANGE');
    await client.trim(stream, 0, 10);
    expect(await client.endOffsets(stream)).toMatchObject([{ startOffset: 10, endOffset: 10 }]);
    expect((await client.append(stream, 0, [record('new')])).endOffset).toBe(11);
    expect((await readAll(client, stream, 0, 10)).map(textOf)).toEqual(['new']);
  });

  it('calls offsets of another incarnation, or beyond the end of a known one, SOURCE_LOST', async () => {
    const stream = await newStream(2);
    await client.append(stream, 0, [record('a')]);
    const [first, second] = await client.endOffsets(stream);
    expect(first!.incarnation).not.toBe(second!.incarnation);
    const read = (offset: number, incarnation?: string) =>
      codeOf(
        (async () => {
          const options = incarnation === undefined ? { offset } : { offset, incarnation };
          for await (const batch of client.read(stream, 0, options)) {
            expect(batch.incarnation).toBe(first!.incarnation);
          }
        })(),
      );
    expect(await read(0, first!.incarnation)).toBe('no error');
    expect(await read(0, second!.incarnation)).toBe('SOURCE_LOST');
    expect(await read(2, first!.incarnation)).toBe('SOURCE_LOST');
    expect(await read(2)).toBe('OFFSET_OUT_OF_RANGE');
    expect(await read(1, first!.incarnation)).toBe('no error');
  });

  it('keeps the offsets of groups, per stream and partition', async () => {
    const stream = await newStream(3);
    const other = await newStream(1);
    for (const partition of [0, 2])
      await client.append(
        stream,
        partition,
        numbers(5).map(() => ({})),
      );
    await client.append(other, 0, [{}]);
    expect(await client.groupOffsets('trainer', stream)).toEqual([]);
    await client.commitOffsets('trainer', stream, [
      { partition: 2, offset: 5, timeMs: END_OF_INPUT_MS },
      { partition: 0, offset: 1, timeMs: -1 },
    ]);
    await client.commitOffsets('trainer', other, [{ partition: 0, offset: 1, timeMs: 1 }]);
    await client.commitOffsets('trainer.b', stream, [{ partition: 1, offset: 0, timeMs: 0 }]);
    await client.commitOffsets('trainer', stream, [{ partition: 0, offset: 4, timeMs: 1_000 }]);
    expect(await client.groupOffsets('trainer', stream)).toEqual([
      { partition: 0, offset: 4, timeMs: 1_000 },
      { partition: 2, offset: 5, timeMs: END_OF_INPUT_MS },
    ]);
    const beyond = [{ partition: 0, offset: 6, timeMs: 0 }];
    expect(await codeOf(client.commitOffsets('trainer', stream, beyond))).toBe('OFFSET_OUT_OF_RANGE');
    expect(await codeOf(client.commitOffsets('a/b', stream, []))).toBe('INVALID_ARGUMENT');
  });

  it('rejects an append whose signal is aborted', async () => {
    const stream = await newStream();
    const aborted = client.append(stream, 0, [{}], { signal: AbortSignal.abort() });
    expect(await codeOf(aborted)).toBe('CANCELLED');
    expect((await client.endOffsets(stream))[0]!.endOffset).toBe(0);
  });

  it('ends reads and refuses calls once it is closed', async () => {
    const own = await IMPLEMENTATIONS[name]!();
    await own.client.create('s', 1);
    const read = codeOf(
      (async () => {
        for await (const _ of own.client.read('s', 0, { offset: 0, follow: true }));
      })(),
    );
    await own.client.append('s', 0, [{}]);
    await own.client.close();
    expect(await read).toBe('CANCELLED');
    expect(await codeOf(own.client.append('s', 0, [{}]))).toBe('CANCELLED');
    expect(await codeOf(own.client.endOffsets('s'))).toBe('CANCELLED');
    await own.close();
  });
});
