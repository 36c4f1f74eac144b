import { describe, expect, it } from 'vitest';
import { ClientNumbers } from '../../core/client-numbers.ts';
import { ownershipOf, routingTableOf } from '../../core/routing.ts';
import { SeqClock } from '../../core/seq-clock.ts';
import { SourceOffsets } from '../../core/source-offsets.ts';
import { ONE_SHARD, silentLogger } from '../../testing/in-process.ts';
import { pushPart, sumTable } from '../../testing/raw-client.ts';
import { ShardCounters } from '../counters.ts';
import { PushLog } from '../log/push-log.ts';
import { ShardClock } from '../shard-clock.ts';
import { Tables } from '../tables/tables.ts';
import type { WholePush } from './frames.ts';
import type { PushOutcome } from './push-outcome.ts';
import { PushPipeline } from './push-pipeline.ts';
import { PushPreparation } from './push-preparation.ts';

const CLIENT = { id: 'client', incarnation: 'only' };

/** A pipeline over a log that is stored nowhere. */
function newPipeline() {
  const tables = new Tables();
  tables.add(sumTable('doc', 1));
  const log = new PushLog({
    sink: { keeps: false, commitBytes: 1, write: async () => undefined },
    nextSeq: 1,
    replayedBytes: 0,
    logger: silentLogger(),
    room: () => undefined,
    events: { committed() {}, storageFailed() {} },
  });
  const ownership = ownershipOf(routingTableOf(ONE_SHARD), 'shard-0');
  const preparation = new PushPreparation({
    tables,
    ownership,
    clock: new ShardClock(0),
    counters: new ShardCounters(),
    draw: () => 1,
  });
  const pipeline = new PushPipeline({
    tables,
    numbers: new ClientNumbers(),
    sources: new SourceOffsets(),
    log,
    preparation,
    seqClock: new SeqClock(),
    counters: new ShardCounters(),
    pushLatency() {},
  });
  const submit = (number: number, client = CLIENT) =>
    new Promise<PushOutcome>((settle) => pipeline.submit(client, wholePush(number), settle));
  return { tables, log, submit };
}

function wholePush(number: number): WholePush {
  const parts = [pushPart('uid-doc', [1n], [1])];
  return { number, originTimeMs: 0, sources: [], parts, bytes: 12, error: undefined };
}

describe('the push pipeline', () => {
  it('skips a push whose table was dropped between its validation and its turn', async () => {
    const { tables, log, submit } = newPipeline();
    log.submit({
      bytes: 0,
      encode: () => new Uint8Array(0),
      apply: (seq) => tables.drop('uid-doc', seq),
      refuse: () => undefined,
    });
    expect(await submit(1)).toMatchObject({ kind: 'settled', seq: 2, refusal: undefined });
    expect(await submit(2)).toMatchObject({ refusal: { code: 'TABLE_NOT_FOUND' } });
  });

  it('tells clients apart whatever characters are in their names', async () => {
    const { submit } = newPipeline();
    const clients = [
      { id: 'a\0b', incarnation: 'c' },
      { id: 'a', incarnation: 'b\0c' },
    ];
    // Each twice: the second is a duplicate of one that is under way.
    const outcomes = await Promise.all([...clients, ...clients].map((client) => submit(1, client)));
    expect(outcomes.map((outcome) => 'seq' in outcome && outcome.seq)).toEqual([1, 2, 1, 2]);
  });

  it('turns pushes away once the log has stopped', async () => {
    const { log, submit } = newPipeline();
    await log.stop();
    expect(await submit(1)).toMatchObject({ kind: 'turned away', error: { code: 'UNAVAILABLE' } });
  });
});
