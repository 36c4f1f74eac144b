// One table's changes, merged over all shards. Each shard is followed by its own loop, which comes back after a
// lost stream; a bounded queue stands between the loops and the consumer, so that a slow consumer stops the
// reading, and gRPC's flow control then the shards.
import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/proto';
import { type Delta, SubscribeRequest } from '@weir/proto/v1/parameter_server';
import { BoundedQueue } from './bounded-queue.ts';
import { DELTAS_BUFFERED_MAX } from './limits.ts';
import { decide, delay } from './retry.ts';
import type { Shard } from './shard.ts';
import { advanced, cursorOf, requireCursorOf, type TableCursor, TableDelta } from './table-delta.ts';
import { inTermsOf, requireEncodable, type TableRef } from './table-ref.ts';

/** Of `Table.subscribe`. */
export interface SubscribeOptions {
  /** Where an earlier subscription stood; shards that can continue from there send no snapshot. */
  readonly cursor?: TableCursor | undefined;
  /** Ends the subscription, without an error. */
  readonly signal?: AbortSignal | undefined;
  /** Changes are coalesced over this time; default 50. */
  readonly intervalMs?: number | undefined;
}

/** What is known of a shard that is followed. */
type Followed = Pick<Shard, 'connection'>;

interface Received {
  readonly shard: string;
  readonly delta: Delta;
}

/**
 * @param closed aborts when the client is closed.
 * @throws WeirError what a shard refuses for good; UNAUTHENTICATED, CONFIGURATION with the reason when TLS keeps it from a
 * shard that was never reached.
 */
export async function* subscribeTable(
  { shards }: { readonly shards: readonly Followed[] },
  table: TableRef,
  options: SubscribeOptions,
  closed: AbortSignal,
): AsyncGenerator<TableDelta, void, undefined> {
  let cursor: TableCursor = options.cursor ?? { tableUid: table.uid, shards: {} };
  requireCursorOf(cursor, table);
  const common = { tableUid: table.uid, slots: new Uint8Array(0), intervalMs: options.intervalMs ?? 0 };
  const requests = shards.map(({ connection }) => ({ ...common, cursor: cursorOf(cursor, connection.id) }));
  for (const request of requests) requireEncodable(() => SubscribeRequest.encode(request), table.name);
  const signals = [options.signal, closed].filter((signal) => signal !== undefined);
  if (signals.some(({ aborted }) => aborted)) return;
  const ending = new AbortController();
  const queue = new BoundedQueue<Received>(DELTAS_BUFFERED_MAX);
  const end = (): void => {
    ending.abort();
    queue.end();
  };
  for (const signal of signals) signal.addEventListener('abort', end);
  const loops = shards.map((shard, i) =>
    follow(shard, requests[i]!, queue, ending.signal).catch((error) =>
      queue.end(inTermsOf(WeirError.from(error), [table], shard.connection.id)),
    ),
  );
  try {
    for (;;) {
      const received = await queue.take();
      if (received === undefined) return;
      const { shard, delta } = received;
      cursor = advanced(cursor, delta.upTo, shard);
      yield new TableDelta(shard, delta, cursor);
    }
  } finally {
    end();
    for (const signal of signals) signal.removeEventListener('abort', end);
    await Promise.all(loops);
  }
}

/** Reads one shard until the signal aborts. @throws WeirError what the shard refuses for good. */
async function follow(
  shard: Followed,
  request: SubscribeRequest,
  queue: BoundedQueue<Received>,
  signal: AbortSignal,
): Promise<void> {
  const { id, channels } = shard.connection;
  let { cursor } = request;
  for (let attempt = 1; !signal.aborted; attempt++) {
    // A connection of its own: unread deltas must not fill the window that pulls and pushes share.
    const client = channels.open(shard.connection.address);
    const call = client.subscribe({ ...request, cursor }, channels.metadata);
    // Also after the reading has stopped, when nobody else would hear of the cancellation.
    call.on('error', () => {});
    const cancel = (): void => call.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      for await (const delta of call as AsyncIterable<Delta>) {
        attempt = 0;
        if (!(await queue.put({ shard: id, delta }))) return;
        cursor = delta.upTo ?? cursor;
      }
    } catch (thrown) {
      const failure = WeirError.from(thrown);
      if (signal.aborted) return;
      // gRPC's own words of a connection that was not made do not say why.
      const isBare = failure.code === 'UNAVAILABLE' && failure.cause !== undefined;
      const error = (isBare ? channels.failureAt(shard.connection.address) : undefined) ?? failure;
      if (decide(error) === 'fail') throw error;
      shard.connection.unreachable();
    } finally {
      signal.removeEventListener('abort', cancel);
      call.cancel();
      client.close();
    }
    await sleep(delay(attempt + 1, undefined, Math.random()), undefined, { signal }).catch(() => undefined);
  }
}
