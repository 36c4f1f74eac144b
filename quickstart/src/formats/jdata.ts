// JData, the purchase-intent contest of JD.com, as OpenMLDB's demo has it: a request asks for one product; clicks, carts,
// purchases and what else the user did with it are events. An event belongs to its pair's latest request at or before
// it, the same millisecond included. A request's features know only what came before that millisecond.

import { stat } from 'node:fs/promises';
import { WeirError } from '@weir/proto';
import { JDATA_PAIRS_MAX } from '../limits.ts';
import { jdataFeatures } from './jdata-features.ts';
import { type JdataAction, JdataFiles, type JdataRequest, type Timed } from './jdata-files.ts';
import { JdataHistory } from './jdata-history.ts';
import { RecentMap } from './recent-map.ts';
import type { EventRecord, OnBadLine, ReplayRecord, RequestRecord } from './record.ts';

/**
 * @param path the set's folder
 * @throws WeirError CONFIGURATION when it is no folder, or lacks a file.
 */
export async function* readJdata(path: string, onBadLine: OnBadLine): AsyncGenerator<ReplayRecord> {
  if (!(await stat(path).catch(() => undefined))?.isDirectory()) {
    throw new WeirError('CONFIGURATION', `${path} is no folder; jdata is read from the folder of its files`);
  }
  const files = new JdataFiles(path, onBadLine);
  const [users, products] = await Promise.all([files.users(), files.products()]);
  const history = new JdataHistory();
  const latest = new RecentMap<string, string>(JDATA_PAIRS_MAX);
  await using comments = new Upcoming(files.comments());
  await using actions = new Upcoming(files.actions());
  // Of this request's millisecond: it may be told as events now, but known to a request only of a later one.
  let unknown: JdataAction[] = [];
  const know = (belowMs: number): void => {
    if (unknown.length === 0 || unknown[0]!.timeMs >= belowMs) return;
    for (const action of unknown) history.act(action);
    unknown = [];
  };
  const event = (action: JdataAction): EventRecord => {
    know(action.timeMs);
    unknown.push(action);
    return eventOf(action, latest.get(action.pair) ?? '');
  };
  for await (const request of files.requests()) {
    for await (const action of actions.below(request.timeMs)) yield event(action);
    for await (const snapshot of comments.below(request.timeMs)) history.comment(snapshot);
    know(request.timeMs);
    latest.set(request.pair, request.id);
    yield requestOf(request, jdataFeatures(request, { users, products }, history));
  }
  for await (const action of actions.below(Number.POSITIVE_INFINITY)) yield event(action);
}

/** A sorted source, taken up to a time. */
class Upcoming<Row extends Timed> implements AsyncDisposable {
  readonly #rows: AsyncGenerator<Row>;
  #next: Row | undefined;

  constructor(rows: AsyncGenerator<Row>) {
    this.#rows = rows;
  }

  async *below(timeMs: number): AsyncGenerator<Row> {
    for (;;) {
      this.#next ??= (await this.#rows.next()).value as Row | undefined;
      if (this.#next === undefined || this.#next.timeMs >= timeMs) return;
      const row = this.#next;
      this.#next = undefined;
      yield row;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rows.return(undefined);
  }
}

function requestOf({ id, user, sku, timeMs }: JdataRequest, features: Uint8Array): RequestRecord {
  return { kind: 'request', timeMs, servingId: id, user, scene: '', docIds: [sku], features };
}

function eventOf({ eventId, type, user, sku, timeMs }: JdataAction, servingId: string): EventRecord {
  return { kind: 'event', timeMs, eventId, type, servingId, user, docId: sku, value: 1 };
}
