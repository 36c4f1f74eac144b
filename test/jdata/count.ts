// Counts of the JData set, straight from its files and on purpose without anything that the loop is made of.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export const LABELS = ['click', 'cart', 'purchase'] as const;
export type JdataLabel = (typeof LABELS)[number];

const TYPES: Readonly<Record<string, JdataLabel>> = { 6: 'click', 2: 'cart', 4: 'purchase' };

export interface JdataCounts {
  readonly requests: number;
  /** Requests of split 1 with such an action in their window; it is their pair's latest at or before the action. */
  readonly positives: Readonly<Record<JdataLabel, number>>;
}

export async function countJdata(
  folder: string,
  windowsMs: Readonly<Record<JdataLabel, number>>,
): Promise<JdataCounts> {
  const requestTimes = new Map<string, number[]>();
  let requests = 0;
  for (const row of await rowsOf(join(folder, 'flattenRequest_clean.csv.gz'))) {
    if (row.split_id !== '1') continue;
    requests++;
    requestTimes.set(row.pair_id!, [...(requestTimes.get(row.pair_id!) ?? []), Number(row.time)]);
  }
  const found = { click: new Set<string>(), cart: new Set<string>(), purchase: new Set<string>() };
  for (const row of await rowsOf(join(folder, 'bo_action.csv.gz'))) {
    const label = TYPES[row.type!];
    if (label === undefined) continue;
    const before = (requestTimes.get(row.pair_id!) ?? []).filter((time) => time <= Number(row.time));
    const latest = Math.max(...before);
    if (Number(row.time) - latest <= windowsMs[label]) found[label].add(`${row.pair_id} ${latest}`);
  }
  return {
    requests,
    positives: { click: found.click.size, cart: found.cart.size, purchase: found.purchase.size },
  };
}

async function rowsOf(file: string): Promise<Record<string, string | undefined>[]> {
  const [header, ...lines] = gunzipSync(await readFile(file))
    .toString()
    .trim()
    .split('\n');
  const names = header!.split(',');
  return lines.map((line) => {
    const fields = line.split(',');
    return Object.fromEntries(names.map((name, i) => [name, fields[i]]));
  });
}
