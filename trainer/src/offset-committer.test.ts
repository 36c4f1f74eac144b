import { openMemoryStore } from '@weir/store';
import { openEmbeddedStreams, STREAMS_FAMILIES } from '@weir/streams';
import { expect, it, vi } from 'vitest';
import { OffsetCommitter } from './offset-committer.ts';

it('says how far training is at once, and lets go of the samples when the operator state is stored', async () => {
  const streams = await openEmbeddedStreams(openMemoryStore({ families: STREAMS_FAMILIES }));
  await streams.create('samples', 1);
  const records = Array.from({ length: 9 }, () => ({ value: new Uint8Array(1) }));
  await streams.append('samples', 0, records);
  let stored = 2;
  const committer = new OffsetCommitter({
    streams,
    group: 'trainer',
    trainedTimeMs: 0,
    stored: () => stored,
    onRetry: () => {},
    signal: new AbortController().signal,
  });
  const isCommitted = (offset: number, timeMs: number) =>
    vi.waitFor(
      async () => {
        const [committed] = await streams.groupOffsets('trainer', 'samples');
        expect(committed).toEqual({ partition: 0, offset, timeMs });
      },
      { timeout: 10_000, interval: 5 },
    );

  committer.settle(committer.issue(), [{ partition: 0, offset: 7, timeMs: 700 }]);
  await isCommitted(2, 700);
  stored = 9;
  await isCommitted(7, 700);
  await committer.flush();
});
