import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FeatureBlock } from '@weir/proto/v1/features';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LINE_BYTES_MAX } from '../limits.ts';
import { BadLines } from './bad-lines.ts';
import { readRecords } from './formats.ts';
import { parseNdjsonLine } from './ndjson.ts';
import type { ReplayRecord } from './record.ts';

const REQUEST =
  '{"kind":"request","time":1000,"id":"r1","user":"u","scene":"s","context":{"hour":7},' +
  '"docs":[{"id":"a","features":{"brand":"x","price":12.5},"exposure":{"pos":"1"}},{"id":"b","features":{"tags":["p","q"]}}]}';
const EVENT =
  '{"kind":"event","time":2000,"id":"e1","type":"click","request":"r1","user":"u","doc":"a","value":1}';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-ndjson-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function read(content: string | Buffer, onBadLine: (line: number, reason: string) => void = fail) {
  const path = join(folder, 'input');
  await writeFile(path, content);
  const records: ReplayRecord[] = [];
  for await (const record of readRecords('ndjson', path, onBadLine)) records.push(record);
  return records;
}

function fail(line: number, reason: string): never {
  throw new Error(`line ${line}: ${reason}`);
}

describe('ndjson', () => {
  it('reads requests and events, with features by column and side', () => {
    const request = parseNdjsonLine(REQUEST);
    if (request.kind !== 'request') throw new Error('not a request');
    const { features, ...rest } = request;
    expect(rest).toEqual({
      kind: 'request',
      timeMs: 1000,
      servingId: 'r1',
      user: 'u',
      scene: 's',
      docIds: ['a', 'b'],
    });
    const block = FeatureBlock.decode(features);
    const names = (columns: { name: string }[]) => columns.map(({ name }) => name);
    expect([names(block.context), names(block.document), names(block.exposure)]).toEqual([
      ['hour'],
      ['brand', 'price', 'tags'],
      ['pos'],
    ]);
    expect(block.document[2]?.multi).toEqual(['p', 'q']);
    expect(parseNdjsonLine(EVENT)).toEqual({
      kind: 'event',
      timeMs: 2000,
      eventId: 'e1',
      type: 'click',
      servingId: 'r1',
      user: 'u',
      docId: 'a',
      value: 1,
    });
  });

  it('fills in what an event may leave out', () => {
    expect(parseNdjsonLine('{"kind":"event","time":1,"id":"e","type":"click"}')).toMatchObject({
      servingId: '',
      user: '',
      docId: '',
      value: 1,
    });
  });

  it.each([
    ['{"kind":', 'not JSON'],
    ['[1]', 'the line is [1], not an object'],
    ['{"kind":"answer"}', 'kind is "answer"'],
    [REQUEST.replace('1000', '"noon"'), 'time is "noon"'],
    [REQUEST.replace('1000', '-1'), 'time is -1'],
    [REQUEST.replace('"r1"', '""'), 'id is ""'],
    [REQUEST.replace(/"docs".*/, '"docs":[]}'), 'docs must be'],
    [REQUEST.replace('"b"', '"a"'), 'document "a" stands twice'],
    [REQUEST.replace('"u"', '7'), 'user is 7'],
    [REQUEST.replace('12.5', 'true'), '"price" of document 0 is true'],
    [REQUEST.replace('12.5', '1e999'), '"price" of document 0 is Infinity'],
    [REQUEST.replace('"q"', '4'), '"tags" of document 1'],
    [REQUEST.replace('{"hour":7}', '[]'), 'context is []'],
    [EVENT.replace('"click"', 'null'), 'type is null'],
    [EVENT.replace('"value":1', '"value":"1"'), 'value is "1"'],
  ])('refuses %s', (line, reason) => {
    expect(() => parseNdjsonLine(line)).toThrow(reason);
  });

  it('reports a bad line with its number, counts it and goes on', async () => {
    const messages: string[] = [];
    const bad = new BadLines('in.ndjson', false, (message) => messages.push(message));
    const records = await read(`${REQUEST}\n\nnonsense\n${EVENT}\n`, bad.add.bind(bad));
    expect(records.map(({ kind }) => kind)).toEqual(['request', 'event']);
    expect(bad.count).toBe(1);
    expect(messages).toEqual([expect.stringMatching(/^in\.ndjson: line 3: not JSON.*; skipped$/)]);
  });

  it('stops at a bad line when strict, naming it', async () => {
    const bad = new BadLines('in.ndjson', true, () => {});
    await expect(read(`${REQUEST}\nnonsense\n`, bad.add.bind(bad))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('in.ndjson: line 2'),
    });
  });

  it('takes a line whose time falls back for a bad one', async () => {
    const bad: [number, string][] = [];
    const records = await read(`${EVENT}\n${REQUEST}\n`, (line, reason) => bad.push([line, reason]));
    expect(records).toHaveLength(1);
    expect(bad).toEqual([[2, 'time 1000 is below 2000 of line 1; sort by time']]);
  });

  it('reads gzip and Windows line ends, and a last line without an end', async () => {
    expect(await read(gzipSync(`${REQUEST}\r\n${EVENT}`))).toHaveLength(2);
  });

  it('says that a gzip file is cut off', async () => {
    const whole = gzipSync(`${REQUEST}\n`.repeat(200));
    await expect(read(whole.subarray(0, whole.length - 20))).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('names a file that is not there', async () => {
    const records = readRecords('ndjson', join(folder, 'absent'), fail);
    await expect(records.next()).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining('absent'),
    });
  });

  it('skips a line that is too long without taking its neighbours along', async () => {
    const bad: number[] = [];
    const long = `{"kind":"${'x'.repeat(LINE_BYTES_MAX)}"}`;
    const records = await read(`${REQUEST}\n${long}\n${EVENT}\n`, (line) => bad.push(line));
    expect(records).toHaveLength(2);
    expect(bad).toEqual([2]);
  });
});
