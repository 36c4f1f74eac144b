import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FeatureBlock } from '@weir/proto/v1/features';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JdataRows, jdataId, writeJdata } from '../testing/jdata-folder.ts';
import { readRecords } from './formats.ts';
import type { ReplayRecord } from './record.ts';

async function read(rows: JdataRows) {
  const folder = await mkdtemp(join(tmpdir(), 'weir-jdata-'));
  try {
    await writeJdata(folder, rows);
    const records: ReplayRecord[] = [];
    const bad: [number, string][] = [];
    for await (const record of readRecords('jdata', folder, (...line) => bad.push(line)))
      records.push(record);
    return { records, bad };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function features(record: ReplayRecord | undefined): Record<string, string | undefined> {
  if (record?.kind !== 'request') throw new Error('not a request');
  const block = FeatureBlock.decode(record.features);
  return Object.fromEntries(
    [...block.context, ...block.document].map(({ name, categorical }) => [name, categorical[0]]),
  );
}

const requestOf = (records: readonly ReplayRecord[], id: string) =>
  records.find((record) => record.kind === 'request' && record.servingId === id);
const events = (records: readonly ReplayRecord[]) => records.filter((record) => record.kind === 'event');

describe('jdata', () => {
  it("gives an action to its pair's latest request at or before it, the same millisecond included", async () => {
    const { records, bad } = await read({
      requests: [
        ['u', 'p', 1_000],
        ['u', 'q', 1_500],
        ['u', 'p', 2_000],
      ],
      actions: [
        ['u', 'p', 999, 6],
        ['u', 'p', 1_000, 6],
        ['u', 'p', 1_999, 2],
        ['u', 'p', 2_000, 4],
        ['v', 'p', 3_000, 1],
      ],
    });
    expect(bad).toEqual([]);
    expect(
      events(records).map(({ timeMs, type, servingId, docId }) => [timeMs, type, servingId, docId]),
    ).toEqual([
      [999, 'click', '', 'p'],
      [1_000, 'click', jdataId('u', 'p', 1_000), 'p'],
      [1_999, 'cart', jdataId('u', 'p', 1_000), 'p'],
      [2_000, 'purchase', jdataId('u', 'p', 2_000), 'p'],
      [3_000, 'browse', '', 'p'],
    ]);
    expect(new Set(events(records).map(({ eventId }) => eventId)).size).toBe(5);
  });

  it('asks for the training split only, and takes files in any order', async () => {
    const { records } = await read({
      requests: [
        ['u', 'p', 5_000],
        ['u', 'q', 9_000, 2],
        ['w', 'p', 1_000],
      ],
      actions: [
        ['u', 'p', 6_000, 6],
        ['w', 'p', 1_001, 6],
      ],
    });
    expect(records.map(({ timeMs }) => timeMs)).toEqual([1_000, 1_001, 5_000, 6_000]);
    expect(requestOf(records, jdataId('u', 'q', 9_000))).toBeUndefined();
  });

  it("knows what was before a request, and nothing of the request's own millisecond", async () => {
    const day = 86_400_000;
    const at = 10 * day;
    const { records } = await read({
      requests: [
        ['u', 'p', at],
        ['u', 'p', at + 1],
      ],
      actions: [
        ['u', 'p', at - 8_000, 6],
        ['u', 'q', at - 3_000, 2],
        ['u', 'p', at, 6],
        ['u', 'p', at, 6],
      ],
      comments: [
        ['p', at - day, 2, 1, 0.5],
        ['p', at, 4, 0, 0],
      ],
      users: [['u', '26-35', 1, 5, 0]],
      products: [['p', 1, 2, 3, 8, 30]],
    });
    expect(features(requestOf(records, jdataId('u', 'p', at)))).toMatchObject({
      age: '26-35',
      sex: '1',
      level: '5',
      registered: '3',
      a1: '1',
      a2: '2',
      a3: '3',
      category: '8',
      brand: '30',
      comments: '2',
      bad_comments: '1',
      bad_comment_percent: '5',
      pair_click: '1',
      pair_cart: '0',
      pair_since: '3',
      user_cart: '1',
      user_since: '2',
      sku_click: '1',
    });
    expect(features(requestOf(records, jdataId('u', 'p', at + 1)))).toMatchObject({
      comments: '4',
      bad_comments: '0',
      pair_click: '2',
      pair_since: '0',
    });
  });

  it('leaves out what is not known', async () => {
    const { records } = await read({ requests: [['u', 'p', 1_000]], actions: [['u', 'p', 1_000, 6]] });
    expect(features(records[0])).toEqual({ user_since: 'never', sku_since: 'never', pair_since: 'never' });
  });

  it('reports a bad line with its file, and goes on', async () => {
    const { records, bad } = await read({
      requests: [['u', 'p', 1_000]],
      actions: [
        ['u', 'p', 1_000, 'x'],
        ['u', 'p', 1_001, 6],
      ],
    });
    expect(bad).toEqual([[2, 'bo_action.csv.gz: type is "x", not 1 to 6']]);
    expect(records).toHaveLength(2);
  });

  it('refuses what is no folder', async () => {
    await expect(readRecords('jdata', '/dev/null', () => undefined).next()).rejects.toThrow('is no folder');
  });

  it('features do not change with what comes at a request or after it', async () => {
    const time = fc.integer({ min: 0, max: 40 });
    const action = fc.tuple(
      fc.constantFrom('u', 'v'),
      fc.constantFrom('p', 'q'),
      time,
      fc.integer({ min: 1, max: 6 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 20 }), time, async (actions, at) => {
        const requests: JdataRows['requests'] = [['u', 'p', at]];
        const whole = await read({ requests, actions });
        const before = await read({ requests, actions: actions.filter(([, , timeMs]) => timeMs < at) });
        const id = jdataId('u', 'p', at);
        expect(features(requestOf(whole.records, id))).toEqual(features(requestOf(before.records, id)));
      }),
      { numRuns: 15 },
    );
  });
});
