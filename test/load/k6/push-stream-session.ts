// A push client of the streaming protocol for some batches: a stream to each shard, numbers from 1, so many batches in flight,
// cumulative acknowledgements. Each session is an incarnation of its own; a refusal ends it.
import { Stream } from 'k6/net/grpc';
import { BATCH_ROWS } from '../../bench/ps-workload.ts';
import type { Batch } from './batches.ts';
import { metadata } from './identity.ts';
import { failed, now, succeeded } from './measures.ts';
import { partOf } from './push-batch.ts';
import { cluster, shards } from './shards.ts';

const METHOD = 'weir.v1.ParameterServer/Push';
const BATCHES_IN_FLIGHT = 4;

interface PushAnswer {
  readonly through?: string;
  readonly refusals?: readonly { readonly error?: { readonly code?: string; readonly message?: string } }[];
}

/** A batch that is under way: the shards that have not acknowledged it, by the number of their part. */
interface InFlight {
  readonly begunMs: number;
  readonly open: Map<number, number>;
}

/** Pushes so many batches; resolves when all streams have ended. */
export function pushSession(batches: readonly Batch[], count: number): Promise<void> {
  return new Promise((resolve) => {
    const session = { id: `k6-${__VU}`, incarnation: crypto.randomUUID() };
    const flights: InFlight[] = [];
    let begun = 0;
    let over = false;
    let ended = 0;

    const streams = shards().map((client, shard) => {
      const stream = new Stream(client, METHOD, { metadata });
      stream.on('data', (message) => acknowledged(shard, message as PushAnswer));
      stream.on('error', (error) => fail(JSON.stringify(error)));
      stream.on('end', () => {
        if (!over) fail(`${cluster.shards[shard]!.id} ended the stream`);
        if (++ended === streams.length) resolve();
      });
      return { stream, number: 0 };
    });

    const close = (): void => {
      over = true;
      for (const { stream } of streams) stream.end();
    };
    const fail = (reason: string): void => {
      if (over) return;
      failed('push_stream', reason);
      close();
    };
    const pushNext = (): void => {
      const flight: InFlight = { begunMs: now(), open: new Map() };
      flights.push(flight);
      for (const part of batches[begun++ % batches.length]!) {
        const to = streams[part.shard]!;
        const client = to.number === 0 ? { client: session } : {};
        to.number++;
        flight.open.set(part.shard, to.number);
        to.stream.write({ ...client, number: to.number, epoch: cluster.epoch, parts: [partOf(part)] });
      }
    };
    const acknowledged = (shard: number, { through = '0', refusals = [] }: PushAnswer): void => {
      if (refusals.length > 0) fail(JSON.stringify(refusals[0]!.error));
      if (over) return;
      for (const { open } of flights)
        if ((open.get(shard) ?? Infinity) <= Number(through)) open.delete(shard);
      while (flights.length > 0 && flights[0]!.open.size === 0) {
        succeeded('push_stream', BATCH_ROWS, flights.shift()!.begunMs);
        if (begun < count) pushNext();
      }
      if (flights.length === 0) close();
    };
    while (begun < Math.min(count, BATCHES_IN_FLIGHT)) pushNext();
  });
}
