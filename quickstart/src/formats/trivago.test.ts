import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FeatureBlock } from '@weir/proto/v1/features';
import { describe, expect, it } from 'vitest';
import { readRecords } from './formats.ts';
import type { ReplayRecord } from './record.ts';
import { priceRanks } from './trivago.ts';
import { Sessions } from './trivago-session.ts';

const HEADER =
  'user_id,session_id,timestamp,step,action_type,reference,platform,city,device,current_filters,impressions,prices';
const row = (time: number, step: number, action: string, reference: string, list = ',') =>
  `u,s,${time},${step},${action},${reference},DE,"Berlin, Germany",mobile,,${list}`;

async function read(lines: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'weir-trivago-'));
  try {
    await writeFile(join(folder, 'events.csv.gz'), gzipSync([HEADER, ...lines].join('\n')));
    const records: ReplayRecord[] = [];
    const bad: [number, string][] = [];
    for await (const record of readRecords('trivago', folder, (...line) => bad.push(line)))
      records.push(record);
    return { records, bad };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Values of every feature, document by document. */
function features(record: ReplayRecord | undefined): Record<string, string[]> {
  if (record?.kind !== 'request') throw new Error('not a request');
  const block = FeatureBlock.decode(record.features);
  const columns = [...block.context, ...block.document, ...block.exposure];
  return Object.fromEntries(columns.map(({ name, categorical }) => [name, categorical]));
}

describe('trivago', () => {
  it('makes a request of a clickout and its list, and a click a second later', async () => {
    const { records, bad } = await read([
      row(20, 3, 'clickout item', 'b', 'a|b|c,100|40|40'),
      row(10, 1, 'interaction item image', 'b'),
      row(11, 2, 'clickout item', 'a', ''),
    ]);
    expect(bad).toEqual([]);
    expect(records).toHaveLength(2);
    expect(records[0]).toMatchObject({ kind: 'request', timeMs: 20_000, user: 'u', docIds: ['a', 'b', 'c'] });
    expect(features(records[0])).toEqual({
      pl: ['DE'],
      dev: ['mobile'],
      it: ['a', 'b', 'c'],
      price_bucket: ['6', '5', '5'],
      price_rank: ['2', '0', '1'],
      seen: ['0', '1', '0'],
      last_seen: ['1', '0', '0'],
      any_seen: ['1', '1', '1'],
      pos: ['1', '2', '3'],
      dev_pos: ['mobile|1', 'mobile|2', 'mobile|3'],
      seen_pos: ['0|1', '1|2', '0|3'],
    });
    const request = records[0] as { servingId: string };
    expect(request.servingId).toMatch(/^[0-9a-f]{16}$/);
    expect(records[1]).toMatchObject({
      kind: 'event',
      timeMs: 21_000,
      servingId: request.servingId,
      docId: 'b',
    });
  });

  it('puts a click before the next request that is not older', async () => {
    const list = 'a|b,1|2';
    const { records } = await read([
      row(10, 1, 'clickout item', 'a', list),
      row(11, 2, 'clickout item', 'b', list),
      row(11, 3, 'clickout item', 'a', list),
    ]);
    expect(records.map(({ kind, timeMs }) => [kind, timeMs])).toEqual([
      ['request', 10_000],
      ['event', 11_000],
      ['request', 11_000],
      ['request', 11_000],
      ['event', 12_000],
      ['event', 12_000],
    ]);
    const ids = records.flatMap((record) => (record.kind === 'request' ? [record.servingId] : []));
    expect(new Set(ids).size).toBe(3);
  });

  it('reports rows that cannot be used with their line', async () => {
    const { records, bad } = await read([
      row(10, 1, 'clickout item', 'a', 'a|b,1'),
      'u,s,soon,2,clickout item,a,DE,"Berlin',
      row(12, 1, 'clickout item', 'a', 'a|a,1|1'),
    ]);
    expect(records).toEqual([]);
    // Lists are looked at in order of time, after all rows were read.
    expect(bad).toEqual([
      [3, 'a quote is not closed'],
      [2, '2 impressions but 1 prices'],
      [4, 'an item stands twice in the impressions'],
    ]);
  });

  it('refuses a file that is something else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-trivago-'));
    await writeFile(join(folder, 'other.csv'), 'a,b\n1,2\n');
    const bad: [number, string][] = [];
    for await (const _ of readRecords('trivago', join(folder, 'other.csv'), (...line) => bad.push(line))) {
      throw new Error('a record of a file without a header');
    }
    expect(bad).toEqual([[1, 'column user_id is missing; the header has a, b']]);
    await rm(folder, { recursive: true });
  });
});

describe('priceRanks', () => {
  it('ranks equal prices in the order displayed', () => {
    expect(priceRanks([5, 3, 5, 1])).toEqual([2, 1, 3, 0]);
  });
});

describe('Sessions', () => {
  it('forgets the session that was silent for longest', () => {
    const sessions = new Sessions(2);
    for (const id of ['a', 'b', 'a', 'c']) sessions.act(id, 'interaction item image', 'item');
    expect(['a', 'b', 'c'].map((id) => sessions.get(id).seen.size)).toEqual([1, 0, 1]);
  });
});
