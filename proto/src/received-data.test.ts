import { expect, it } from 'vitest';
import { GroupResultChunk } from './gen/weir/v1/groups.ts';
import { groupDataHead } from './group-data.ts';
import { freeReceived } from './received-data.ts';

/** As gRPC hands it out: in memory of its own, behind the prefix. */
function received(data: Uint8Array): Uint8Array {
  const message = Buffer.concat([Buffer.alloc(5), groupDataHead(data.length), data]);
  return GroupResultChunk.decode(message.subarray(5)).data;
}

it('frees the memory of a large message of one field', () => {
  const data = received(new Uint8Array(100_000));
  freeReceived(data);
  expect(data.buffer.byteLength).toBe(0);
});

it('leaves small messages, and parts of larger memory', () => {
  const small = received(new Uint8Array(1_000).fill(1));
  const part = new Uint8Array(200_000).fill(1).subarray(0, 100_000);
  const end = new Uint8Array(200_000).fill(1).subarray(100_000);
  const shared = new Uint8Array(new SharedArrayBuffer(100_000)).fill(1);
  for (const data of [small, part, end, shared]) {
    freeReceived(data);
    expect(data.at(-1)).toBe(1);
  }
});
