// Nothing of a refused message is applied, and all of an accepted one: after the attack the rows of a table, and the ends of a
// stream, are what the accepted messages make of them.
import { keysFromBytes, unpackKeys } from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import { PushRequest } from '@weir/proto/v1/parameter_server';
import { AppendResponse } from '@weir/proto/v1/streams';
import { connectStreams } from '@weir/streams/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RawClient } from '../../ps/src/testing/raw-client.ts';
import { decodeAppendRequest, type EncodedAppend } from '../../streams/src/wire/messages.ts';
import { attackRpc } from './fuzz/attack-rpc.ts';
import { MESSAGES, replayCommand } from './fuzz/random.ts';
import { RPCS, type Rpc, type Server } from './fuzz/rpcs.ts';
import { DIM, PARTITIONS, STREAM, TARGET } from './fuzz/valid-messages.ts';
import { startVictims, type Victims } from './fuzz/victims.ts';

/** Both RPCs take the whole attack in rpc.test.ts. */
const SOME = Math.ceil(MESSAGES / 4);
const KEYS_PER_PULL = 2_000;

let victims: Victims;
beforeAll(async () => {
  process.stdout.write(`${replayCommand}\n`);
  victims = await startVictims();
});
afterAll(() => victims?.[Symbol.asyncDispose]());

const rpcOf = (server: Server, path: string): Rpc => RPCS[server].find((rpc) => rpc.path === path)!;

function decoded<T>(decode: (bytes: Buffer) => T, bytes: Buffer): T | undefined {
  try {
    return decode(bytes);
  } catch {
    return undefined;
  }
}

/** What the rows must be, as far as it is known. */
class Ledger {
  readonly rows = new Map<bigint, Float32Array>();
  /** Keys of messages whose outcome says too little, and keys that came twice. */
  readonly unknown = new Set<bigint>();
  readonly refused = new Set<bigint>();

  take(push: PushRequest, isAccepted: boolean, isKnown: boolean): void {
    const parts = push.parts.filter(({ tableUid }) => tableUid === TARGET.uid);
    // Parts of a table are one, as a large push has them in several frames.
    const keys = Buffer.concat(parts.map((part) => part.keys));
    const values = Buffer.concat(parts.map((part) => part.values));
    const areFloats = parts.every(({ encoding }) => encoding === ValueEncoding.F32);
    if (keys.length % 8 !== 0) return;
    for (const [row, key] of unpackKeys(keysFromBytes(keys)).entries()) {
      if (!isAccepted) {
        if (isKnown) this.refused.add(key);
        else this.unknown.add(key);
      } else if (!isKnown || this.rows.has(key) || !areFloats) this.unknown.add(key);
      else
        this.rows.set(
          key,
          Float32Array.from({ length: DIM }, (_, i) => 0 + values.readFloatLE((row * DIM + i) * 4)),
        );
    }
  }
}

it('pushes: the rows are those of the accepted ones', async () => {
  const ledger = new Ledger();
  const { listen } = victims.processes.ps;
  const rpc = rpcOf('ps', '/weir.v1.ParameterServer/PushOnce');
  const { faults } = await attackRpc(listen, rpc, SOME, (message, outcome, isPlain) => {
    const push = decoded((bytes) => PushRequest.decode(bytes), message);
    if (push === undefined) return;
    // A number may have been pushed already: then an answer says nothing of this message.
    const isNumbered = push.number > 0 && push.client !== undefined;
    ledger.take(push, outcome.status === 0, isPlain && !isNumbered && push.sources.length === 0);
  });
  expect(Object.fromEntries(faults), replayCommand).toEqual({});
  const client = new RawClient(listen);
  try {
    const known = [...ledger.rows.keys()].filter((key) => !ledger.unknown.has(key));
    expect(known.length).toBeGreaterThan(SOME / 20);
    const wrong = await differing(client, known, (key) => ledger.rows.get(key)!);
    expect(wrong, replayCommand).toEqual([]);
    const refused = [...ledger.refused].filter((key) => !ledger.unknown.has(key) && !ledger.rows.has(key));
    expect(await differing(client, refused, () => new Float32Array(DIM)), replayCommand).toEqual([]);
    const { tables } = await client.describe();
    const rows = tables.find(({ spec }) => spec?.uid === TARGET.uid)!.rows;
    expect(rows).toBeGreaterThanOrEqual(known.length);
    expect(rows).toBeLessThanOrEqual(known.length + ledger.unknown.size);
  } finally {
    client.close();
  }
});

/** Keys whose rows are something else. */
async function differing(
  client: RawClient,
  keys: readonly bigint[],
  expected: (key: bigint) => Float32Array,
): Promise<string[]> {
  const wrong: string[] = [];
  for (let from = 0; from < keys.length; from += KEYS_PER_PULL) {
    const some = keys.slice(from, from + KEYS_PER_PULL);
    const rows = await client.rows(TARGET.uid, some);
    expect(rows.length).toBe(some.length * DIM);
    for (const [i, key] of some.entries()) {
      const row = rows.subarray(i * DIM, (i + 1) * DIM);
      const wanted = expected(key);
      if (row.some((weight, j) => weight !== wanted[j])) wrong.push(`${key}: [${row}] and not [${wanted}]`);
    }
  }
  return wrong;
}

it('appends: the stream has as many records as the accepted ones brought', async () => {
  const { listen } = victims.processes.streams;
  const ends = new Array<number>(PARTITIONS).fill(0);
  const accepted = new Array<number>(PARTITIONS).fill(0);
  const unknown = new Array<number>(PARTITIONS).fill(0);
  const rpc = rpcOf('streams', '/weir.v1.Streams/Append');
  await attackRpc(listen, rpc, SOME, (message, outcome, isPlain) => {
    const append = decoded<EncodedAppend>(decodeAppendRequest, message);
    if (append === undefined || append.stream !== STREAM || append.partition >= PARTITIONS) return;
    const { partition, records } = append;
    if (outcome.status === 0) {
      const { endOffset, duplicates } = AppendResponse.decode(outcome.answer.subarray(5));
      ends[partition] = Math.max(ends[partition]!, endOffset);
      if (isPlain) accepted[partition]! += records.length - duplicates;
      else unknown[partition]! += 2 * records.length;
    } else if (!isPlain) unknown[partition]! += 2 * records.length;
  });
  const streams = connectStreams({ address: listen });
  try {
    for (const { partition, endOffset } of await streams.endOffsets(STREAM)) {
      expect(endOffset, replayCommand).toBeGreaterThanOrEqual(accepted[partition]!);
      expect(endOffset, replayCommand).toBeLessThanOrEqual(accepted[partition]! + unknown[partition]!);
      expect(endOffset).toBeGreaterThanOrEqual(ends[partition]!);
      expect(accepted[partition]).toBeGreaterThan(SOME / 20);
    }
  } finally {
    await streams.close();
  }
});
