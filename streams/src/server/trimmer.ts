// Trims streams behind their consumers, from time to time. A failure costs a turn: nothing is lost by keeping more.
import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/proto';
import type { StreamsCore } from '../core/streams-core.ts';
import { TRIM_INTERVAL_MS } from '../limits.ts';

export interface TrimmerOptions {
  readonly core: Pick<StreamsCore, 'trimCommitted'>;
  /** By stream, its consumers. */
  readonly trim: ReadonlyMap<string, readonly string[]>;
  readonly signal: AbortSignal;
  readonly trimmed: (records: number) => void;
  readonly warn: (error: unknown, message: string) => void;
}

/** Records of streams that are not removed yet; a stream that is not made yet has none. */
export function keptRecords(core: Pick<StreamsCore, 'streams' | 'ends'>, streams: Iterable<string>): number {
  const made = new Set(core.streams().map(({ stream }) => stream));
  let kept = 0;
  for (const stream of streams) {
    if (!made.has(stream)) continue;
    for (const { startOffset, endOffset } of core.ends(stream)) kept += endOffset - startOffset;
  }
  return kept;
}

/** Until the signal is aborted; never rejects. */
export async function keepTrimmed({ core, trim, signal, trimmed, warn }: TrimmerOptions): Promise<void> {
  while (trim.size > 0 && !signal.aborted) {
    await sleep(TRIM_INTERVAL_MS, undefined, { signal, ref: false }).catch(() => undefined);
    for (const [stream, groups] of trim) {
      if (signal.aborted) return;
      try {
        trimmed(await core.trimCommitted(stream, groups));
      } catch (error) {
        // It may be made later.
        if (WeirError.from(error).code !== 'STREAM_NOT_FOUND') warn(error, `trim of stream "${stream}"`);
      }
    }
  }
}
