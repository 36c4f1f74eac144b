// A push as one unary call, for simple clients. It takes the same way as a push on a stream. With a client and a
// number it is ordered and protected against repeats like there; without (no client, no incarnation, or number 0)
// it is a one-off: a repeat is a new update, and a refusal leaves no record.
import { WeirError } from '@weir/proto';
import type { PushRequest, PushResponse } from '@weir/proto/v1/parameter_server';
import type { BytesInFlight } from './bytes-in-flight.ts';
import { frameBytes, PushAssembly } from './frames.ts';
import { overloaded, type PushOutcome, type PushPipeline } from './push-pipeline.ts';
import { requireClient } from './push-stream.ts';

/** @throws WeirError the refusal; only OVERLOADED, STORAGE_FAILED, UNAVAILABLE and SEQUENCE_GAP leave the number free. */
export async function pushOnce(
  request: PushRequest,
  pipeline: PushPipeline,
  bytesInFlight: BytesInFlight,
): Promise<PushResponse> {
  const { number } = request;
  if (request.moreFrames) throw new WeirError('INVALID_ARGUMENT', 'PushOnce takes whole pushes, not frames');
  const numbered = number > 0 && request.client !== undefined && request.client.incarnation !== '';
  const client = numbered ? requireClient(request.client) : undefined;
  const bytes = frameBytes(request);
  const taken = bytesInFlight.take(bytes);
  try {
    const outcome = await new Promise<PushOutcome>((settle) => {
      if (taken) pipeline.submit(client, new PushAssembly().add(request)!, settle);
      else pipeline.turnAway(overloaded('too many bytes of pushes are in flight'), settle);
    });
    if (outcome.kind === 'turned away') throw outcome.error;
    if (outcome.refusal !== undefined) throw WeirError.fromDetail(outcome.refusal);
    return { through: number, seq: outcome.seq, refusals: [] };
  } finally {
    if (taken) bytesInFlight.release(bytes);
  }
}
