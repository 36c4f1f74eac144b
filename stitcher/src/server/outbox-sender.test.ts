// The sender alone: entries that become durable in the very moment in which a stream's lane runs dry.
import { setImmediate as turn } from 'node:timers/promises';
import { openMemoryStore } from '@weir/store';
import { openEmbeddedStreams, STREAMS_FAMILIES } from '@weir/streams';
import type { StreamsClient } from '@weir/streams/client';
import { describe, expect, it } from 'vitest';
import type { OutboxEntry } from './outbox.ts';
import { OutboxSender } from './outbox-sender.ts';

const entry = (firstSequence: number): OutboxEntry => ({
  key: Buffer.of(firstSequence),
  stream: 'samples',
  firstSequence,
  records: [{ value: Buffer.of(firstSequence) }],
  bytes: 17,
});

describe('outbox sender', () => {
  it('appends every entry, at whatever step of the event loop after the last one it comes', async () => {
    const streams = await openEmbeddedStreams(openMemoryStore({ families: STREAMS_FAMILIES }));
    for (let steps = 0; steps < 12; steps++) {
      await streams.create(`samples`, 12);
      let answered = (): void => {};
      // The real streams, but for the moment in which their answer is seen.
      const client: StreamsClient = Object.assign(Object.create(streams), {
        append: async (...call: Parameters<StreamsClient['append']>) => {
          const result = await streams.append(...call);
          await new Promise<void>((resolve) => {
            answered = resolve;
          });
          return result;
        },
      });
      const appended: number[] = [];
      const errors: unknown[] = [];
      const sender = new OutboxSender({
        client,
        partition: steps,
        producer: { id: 'stitcher/0', epoch: 1 },
        signal: new AbortController().signal,
        onAppended: ({ firstSequence }) => appended.push(firstSequence),
        onError: (error) => errors.push(error),
      });
      sender.send([entry(1)], Promise.resolve());
      for (let turns = 0; turns < 10; turns++) await turn();
      answered();
      for (let step = 0; step < steps; step++) await undefined;
      sender.send([entry(2)], Promise.resolve());
      for (let turns = 0; turns < 10; turns++) await turn();
      answered();
      await turn();
      expect({ steps, appended, errors }).toEqual({ steps, appended: [1, 2], errors: [] });
    }
    await streams.close();
  });
});
