// The trivago RecSys Challenge 2019 logs: a clickout row with its list is a request, the click on it an event a
// second later; the rows between tell what the session has seen.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeFeatureBlock } from '@weir/model';
import { numberField, textField } from './csv.ts';
import { readCsvRows } from './csv-rows.ts';
import { externalSort } from './external-sort.ts';
import {
  BadLine,
  type EventRecord,
  type OnBadLine,
  type ReplayRecord,
  type RequestRecord,
} from './record.ts';
import { idOfRow } from './row-id.ts';
import { type Session, Sessions } from './trivago-session.ts';

/** The action log's row. */
export interface TrivagoRow {
  readonly timeMs: number;
  readonly user: string;
  readonly session: string;
  readonly step: number;
  readonly action: string;
  readonly reference: string;
  readonly platform: string;
  readonly device: string;
  /** Items in the order displayed, joined by `|`; only of clickouts. */
  readonly impressions: string;
  /** Their prices. */
  readonly prices: string;
}

/** The list was logged with the click on it; the click is said to come this much later. */
const CLICK_DELAY_MS = 1_000;

const COLUMNS = [
  'user_id',
  'session_id',
  'timestamp',
  'step',
  'action_type',
  'reference',
  'platform',
  'device',
  'impressions',
  'prices',
] as const;

/** @param path the set's folder, or its events file. */
export async function* readTrivago(path: string, onBadLine: OnBadLine): AsyncGenerator<ReplayRecord> {
  const file = (await stat(path).catch(() => undefined))?.isDirectory() ? join(path, 'events.csv.gz') : path;
  const sorted = externalSort(readCsvRows(file, COLUMNS, parseRow, onBadLine), {
    compare: (a, b) => a.timeMs - b.timeMs || compareText(a.session, b.session) || a.step - b.step,
    encode: (row) => JSON.stringify(row),
    decode: (text) => JSON.parse(text) as TrivagoRow,
  });
  const sessions = new Sessions();
  const clicks: EventRecord[] = [];
  for await (const { line, row } of sorted) {
    while (clicks.length > 0 && clicks[0]!.timeMs <= row.timeMs) yield clicks.shift()!;
    if (row.action === 'clickout item' && row.impressions !== '') {
      try {
        const request = trivagoRequest(idOfRow('trivago', line), row, sessions.get(row.session));
        yield request;
        clicks.push(clickOn(request, row.reference));
      } catch (error) {
        if (!(error instanceof BadLine)) throw error;
        onBadLine(line, error.message);
      }
    }
    sessions.act(row.session, row.action, row.reference);
  }
  yield* clicks;
}

function parseRow(fields: Readonly<Record<(typeof COLUMNS)[number], string>>): TrivagoRow {
  return {
    timeMs: numberField(fields.timestamp, 'timestamp') * 1000,
    user: textField(fields.user_id, 'user_id'),
    session: textField(fields.session_id, 'session_id'),
    step: numberField(fields.step, 'step'),
    action: textField(fields.action_type, 'action_type'),
    reference: fields.reference,
    platform: fields.platform,
    device: fields.device,
    impressions: fields.impressions,
    prices: fields.prices,
  };
}

/**
 * The list as a rank request. Of the document: item, price bucket (log2), price rank within the list, whether the
 * session saw it, whether it saw it last, whether it saw any of the list. Of the context: platform, device. Of the
 * exposure: position, device x position, seen x position.
 * @throws BadLine when items and prices do not match.
 */
export function trivagoRequest(servingId: string, row: TrivagoRow, session: Session): RequestRecord {
  const items = row.impressions.split('|');
  const prices = row.prices.split('|').map((price) => numberField(price, 'a price'));
  if (prices.length !== items.length) {
    throw new BadLine(`${items.length} impressions but ${prices.length} prices`);
  }
  if (new Set(items).size < items.length) throw new BadLine('an item stands twice in the impressions');
  const ranks = priceRanks(prices);
  const any = items.some((item) => session.seen.has(item)) ? '1' : '0';
  const docs = items.map((item, index) => {
    const position = String(index + 1);
    const seen = session.seen.has(item) ? '1' : '0';
    return {
      features: {
        it: item,
        price_bucket: String(Math.floor(Math.log2(Math.max(0, prices[index]!) + 1))),
        price_rank: String(ranks[index]!),
        seen,
        last_seen: session.last === item ? '1' : '0',
        any_seen: any,
      },
      exposure: {
        pos: position,
        dev_pos: `${row.device}|${position}`,
        seen_pos: `${seen}|${position}`,
      },
    };
  });
  return {
    kind: 'request',
    timeMs: row.timeMs,
    servingId,
    user: row.user,
    scene: '',
    docIds: items,
    features: encodeFeatureBlock({ context: { pl: row.platform, dev: row.device }, docs }),
  };
}

function clickOn(request: RequestRecord, item: string): EventRecord {
  return {
    kind: 'event',
    timeMs: request.timeMs + CLICK_DELAY_MS,
    eventId: `${request.servingId}-click`,
    type: 'click',
    servingId: request.servingId,
    user: request.user,
    docId: item,
    value: 1,
  };
}

/** Rank of each price within the list, the lowest 0; equal prices in the order displayed. */
export function priceRanks(prices: readonly number[]): number[] {
  const order = prices.map((_, index) => index).sort((a, b) => prices[a]! - prices[b]! || a - b);
  const ranks = new Array<number>(prices.length);
  order.forEach((index, rank) => {
    ranks[index] = rank;
  });
  return ranks;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
