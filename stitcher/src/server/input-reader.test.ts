// Reading ahead within its bound, over real streams.
import { getEventListeners } from 'node:events';
import { openMemoryStore } from '@weir/store';
import { openEmbeddedStreams, STREAMS_FAMILIES } from '@weir/streams';
import { describe, expect, it, vi } from 'vitest';
import { InputReader } from './input-reader.ts';
import { READ_AHEAD_BYTES } from './limits.ts';

describe('input reader', () => {
  it('reads no further than its bound until it is taken from, and keeps nothing of having waited', async () => {
    const client = await openEmbeddedStreams(openMemoryStore({ families: STREAMS_FAMILIES }));
    await client.create('features', 1);
    const records = Array.from({ length: 4 }, () => ({ value: new Uint8Array(1024 * 1024) }));
    for (let call = 0; call < 10; call++) await client.append('features', 0, records);
    const reader = new InputReader({
      client,
      stream: 'features',
      partition: 0,
      from: { offset: 0, incarnation: '' },
      now: () => 0,
      onRecords: () => {},
    });
    const stop = new AbortController();
    const run = reader.run(stop.signal);
    let taken = 0;
    let listenersMax = 0;
    while (taken < 40) {
      await vi.waitFor(() => expect(reader.bytes).toBeGreaterThan(0), { interval: 1 });
      expect(reader.bytes).toBeLessThanOrEqual(2 * READ_AHEAD_BYTES);
      taken += reader.take().records.length;
      listenersMax = Math.max(listenersMax, getEventListeners(stop.signal, 'abort').length);
    }
    expect(listenersMax).toBeLessThan(4);
    stop.abort();
    await run;
    await client.close();
  });
});
