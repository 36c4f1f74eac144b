// What is not taken is not kept: memory that nobody counts would grow with the number of streams.
import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ValueEncoding } from '@weir/proto/v1/common';
import type { PushRequest } from '@weir/proto/v1/parameter_server';
import { openMemoryStore } from '@weir/store';
import { expect, it } from 'vitest';
import { openTestShardOnly } from '../../testing/in-process.ts';
import { FAMILIES } from '../folder/families.ts';
import { OpenCalls } from '../open-calls.ts';
import { type PushCall, servePushStream } from './push-stream.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** The first frame of a push, with this many bytes. */
function firstFrame(bytes: number): PushRequest {
  const part = {
    tableUid: 'doc',
    keys: new Uint8Array(bytes),
    values: new Uint8Array(0),
    encoding: ValueEncoding.F32,
  };
  const client = { id: 'client', incarnation: 'only' };
  return { client, number: 1, epoch: 1, moreFrames: true, originTimeMs: 0, sources: [], parts: [part] };
}

it('a frame for which there is no memory is not kept until its push is whole', async () => {
  const shard = await openTestShardOnly({ store: openMemoryStore({ families: FAMILIES }) });
  const others = Array.from({ length: 12 }, () => shard.bytesInFlight.share());
  for (const share of others) share.take(16 * 1024 * 1024, true);
  const call = new EventEmitter();
  servePushStream(call as PushCall, shard, new OpenCalls(), 30_000);
  const send = () => {
    const frame = firstFrame(1024);
    call.emit('data', frame);
    return new WeakRef(frame);
  };
  const frame = send();
  await nextTurn();
  collectGarbage();
  expect(frame.deref()).toBeUndefined();
  call.emit('cancelled');
  await shard.stop();
});
