// A push as one unary call, for simple clients. It takes the same way as a push on a stream. With a client and a
// number it is ordered and protected against repeats like there; without (no client, no incarnation, or number 0)
// it is a one-off: a repeat is a new update, and a refusal leaves no record.
import { sampledNow, WeirError } from '@weir/proto';
import type { PushRequest, PushResponse } from '@weir/proto/v1/parameter_server';
import type { ShareOfBytes } from './bytes-in-flight.ts';
import { frameBytes, PushAssembly } from './frames.ts';
import { overloaded } from './overloaded.ts';
import type { PushOutcome } from './push-outcome.ts';
import { type PushParts, requireClient } from './push-stream.ts';
import { PushTrace } from './push-trace.ts';

/** What the unary pushes of one connection share with each other, as a stream's pushes do. */
interface Connection {
  readonly bytes: ShareOfBytes;
  pushes: number;
}

export class UnaryPushes {
  readonly #shard: PushParts;
  /** Those with pushes under way, by the peer's address. */
  readonly #connections = new Map<string, Connection>();

  constructor(shard: PushParts) {
    this.#shard = shard;
  }

  /** @throws WeirError the refusal; only OVERLOADED, STORAGE_FAILED, UNAVAILABLE and SEQUENCE_GAP leave the number free. */
  async push(request: PushRequest, peer: string): Promise<PushResponse> {
    let connection = this.#connections.get(peer);
    if (connection === undefined) {
      connection = { bytes: this.#shard.bytesInFlight.share(), pushes: 0 };
      this.#connections.set(peer, connection);
    }
    connection.pushes++;
    try {
      return await pushOnce(request, this.#shard, connection);
    } finally {
      connection.pushes--;
      if (connection.pushes === 0) this.#connections.delete(peer);
    }
  }
}

async function pushOnce(
  request: PushRequest,
  { pipeline, turns, bytesInFlight }: PushParts,
  connection: Connection,
): Promise<PushResponse> {
  const { number } = request;
  if (request.moreFrames) throw new WeirError('INVALID_ARGUMENT', 'PushOnce takes whole pushes, not frames');
  const numbered = number > 0 && request.client !== undefined && request.client.incarnation !== '';
  const client = numbered ? requireClient(request.client) : undefined;
  const bytes = frameBytes(request);
  // The call has its span from the server.
  const trace = PushTrace.ofCall(sampledNow());
  const taken = connection.bytes.take(bytes, connection.pushes === 1);
  try {
    const outcome = await new Promise<PushOutcome>((settle) => {
      if (taken) turns.submit(connection, client, { ...new PushAssembly().add(request)!, trace }, settle);
      else {
        const why = 'too many bytes of pushes are in flight';
        pipeline.turnAway(overloaded(why, bytesInFlight.retryAfterMs), settle);
      }
    });
    if (outcome.kind === 'turned away') throw outcome.error;
    if (outcome.refusal !== undefined) throw WeirError.fromDetail(outcome.refusal);
    const skipped = outcome.skipped?.messages(number) ?? [];
    return { through: number, seq: outcome.seq, refusals: [], skipped };
  } finally {
    if (taken) connection.bytes.release(bytes);
  }
}
