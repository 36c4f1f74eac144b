// What the streams hear of a partition that is opened with nothing left to do: its owner before may have died before it
// said so, and others let no time pass beyond what they know of it.
import { openMemoryStore } from '@weir/store';
import { openEmbeddedStreams, STREAMS_FAMILIES } from '@weir/streams';
import { expect, it } from 'vitest';
import { INPUT_STREAMS } from '../core/counters.ts';
import { TEST_PLAN } from '../testing/arbitrary-streams.ts';
import { AMPLE, appendInputs, live, makeStreams } from '../testing/partition-harness.ts';
import { featureRecord } from '../testing/records.ts';
import { CommittedOffsets } from './committed-offsets.ts';
import { STREAMS_GROUP } from './limits.ts';
import { openOwnFolder } from './open-partition.ts';
import { FAMILIES } from './state-keys.ts';

it('says how far a partition is as soon as it is opened, also when nothing follows', async () => {
  const client = await openEmbeddedStreams(openMemoryStore({ families: STREAMS_FAMILIES }));
  await makeStreams(client, 1);
  const features = [{ record: featureRecord({ servingId: 's', timeMs: 1_000 }) }];
  await appendInputs(client, 0, features, []);
  const store = openMemoryStore({ families: FAMILIES });
  const join = { plan: TEST_PLAN, policy: 'wait', liveBoundMs: undefined, partition: 0 } as const;
  const { firedMs } = (await live(store, client, join)).join;
  const now = () => 0;
  const options = { store, client, join, memory: AMPLE, generation: 2, now, ending: new AbortController() };
  const runner = await openOwnFolder(options, (written) => written);

  await new CommittedOffsets({ client, runners: () => [runner], now }).commit({});

  for (const stream of INPUT_STREAMS) {
    const [end] = await client.endOffsets(stream);
    expect(await client.groupOffsets(STREAMS_GROUP, stream)).toEqual([
      { partition: 0, offset: end!.endOffset, timeMs: firedMs },
    ]);
  }
});
