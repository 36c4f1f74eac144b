// A reader's answers one after the other: to the end of the partition, or for as long as it follows.
import { setTimeout as sleep } from 'node:timers/promises';
import { CHUNK_BYTES, READ_SPACING_MS } from '../limits.ts';
import type { ReadPart } from './read-part.ts';
import type { StreamsCore } from './streams-core.ts';

export interface PartsRequest {
  readonly stream: string;
  readonly partition: number;
  readonly offset: number;
  readonly follow: boolean;
  /** '': any. */
  readonly incarnation: string;
}

/** The next part is made when the reader asks for it. Ends, without an error, when the signal is aborted. */
export async function* readParts(
  core: StreamsCore,
  request: PartsRequest,
  signal: AbortSignal,
): AsyncGenerator<ReadPart> {
  const { stream, partition, follow, incarnation } = request;
  let { offset } = request;
  // Who does not follow gets what there is now, not what comes meanwhile.
  let until = follow ? Number.POSITIVE_INFINITY : undefined;
  while (!signal.aborted) {
    const part = await core.read(stream, partition, offset, incarnation);
    if (part !== undefined) {
      until ??= part.endOffset;
      offset = part.nextOffset;
      const sentMs = performance.now();
      yield part;
      if (offset >= until) return;
      if (part.nextOffset < part.endOffset || part.bytes >= CHUNK_BYTES) continue;
      // Caught up: let a little gather, or a busy partition's every record becomes an answer of its own.
      const restMs = sentMs + READ_SPACING_MS - performance.now();
      if (restMs > 0) await sleep(restMs, undefined, { signal }).catch(() => undefined);
    } else if (!follow) {
      return;
    }
    await core.grown(stream, partition, offset, signal);
  }
}
