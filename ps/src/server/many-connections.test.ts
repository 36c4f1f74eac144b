// 200 connections to a shard in a process of its own, most of them by clients that do not do their part: its memory
// stays within the sum of its bounds, and the others are served.
import { type ClientHttp2Session, connect } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import { ValueEncoding } from '@weir/proto/v1/common';
import {
  ParameterServerClient,
  ParameterServerService,
  type PushRequest,
  type PushResponse,
} from '@weir/proto/v1/parameter_server';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ANSWER_BYTES_MAX, BYTES_IN_FLIGHT_MAX } from '../limits.ts';
import { type Cluster, startCluster } from '../testing/cluster.ts';
import {
  keyBytes,
  pushPart,
  pushRequest,
  RawClient,
  sumTable,
  type TestStream,
} from '../testing/raw-client.ts';

const MIB = 1024 * 1024;
/** Unfinished messages: HALF_MESSAGE_BYTES_MAX of the runtime. */
const HALF_MESSAGES = 256 * MIB;
/** Answers stand twice in memory while they are sent: ours and the library's. */
const BOUNDS = BYTES_IN_FLIGHT_MAX + 2 * ANSWER_BYTES_MAX + HALF_MESSAGES;
/** The process itself, its tables, what the network holds of each connection, and garbage not collected yet. */
const BESIDE = 512 * MIB;

let cluster: Cluster;
let address: string;
beforeAll(async () => {
  cluster = await startCluster({ shards: 1 });
  address = cluster.seeds[0]!;
  const client = new RawClient(address);
  await client.create(sumTable('doc', 16));
  await client.create(sumTable('wide', 4096));
  client.close();
});
afterAll(() => cluster.stop());

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://${cluster.admins[0]}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(name));
  if (line === undefined) throw new Error(`no metric ${name}`);
  return Number(line.split(' ')[1]);
}

const LARGE = keyBytes(Array.from({ length: 1_024 }, (_, i) => BigInt(i)));

/** Asks for answers of 16 MiB and reads none of them. */
function deafPuller(): () => void {
  const options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.max_receive_message_length': -1 };
  const client = new ParameterServerClient(address, credentials.createInsecure(), options);
  const call = client.pull();
  call.on('error', () => undefined);
  call.on('data', () => call.pause());
  const small = [{ tableUid: 'uid-doc', keys: LARGE.subarray(0, 4_000), encoding: ValueEncoding.F32 }];
  const large = [{ tableUid: 'uid-wide', keys: LARGE, encoding: ValueEncoding.F32 }];
  // The library reads ahead of who does not read: what it takes is small.
  for (let requestId = 1; requestId <= 20; requestId++) call.write({ requestId, epoch: 1, parts: small });
  for (let requestId = 21; requestId <= 24; requestId++) call.write({ requestId, epoch: 1, parts: large });
  return () => client.close();
}

/** Sends the first 8 MiB of a message of 30 MiB. */
function halfSender(): () => void {
  const session: ClientHttp2Session = connect(`http://${address}`);
  session.on('error', () => undefined);
  const stream = session.request({
    ':method': 'POST',
    ':path': ParameterServerService.push.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined);
  stream.write(Buffer.from([0, 1, 0xe0, 0, 0]));
  stream.write(Buffer.alloc(8 * MIB));
  return () => session.destroy();
}

/** Sends half of a push, 4 MiB in whole frames. */
function halfPusher(index: number): () => void {
  const client = new RawClient(address);
  const call = client.grpc.push();
  call.on('error', () => undefined);
  const part = pushPart('uid-wide', [BigInt(index)], new Array<number>(4_096).fill(1));
  const keys = keyBytes(new Array<bigint>(256).fill(BigInt(index)));
  const values = new Uint8Array(4 * MIB);
  const who = { id: 'half', incarnation: `i${index}` };
  call.write(pushRequest(1, [{ ...part, keys, values }], { client: who, moreFrames: true }));
  return () => client.close();
}

it('serves everybody who does their part, in bounded memory', async () => {
  const keys = Array.from({ length: 256 }, (_, i) => BigInt(i));
  const part = pushPart('uid-doc', keys, new Array<number>(keys.length * 16).fill(1));
  let peak = 0;
  let ended = false;
  const watching = (async () => {
    while (!ended) {
      peak = Math.max(peak, await metric('process_memory_usage'));
      await delay(50);
    }
  })();
  const close: (() => void)[] = [];
  for (let i = 0; i < 50; i++) close.push(deafPuller(), halfSender(), halfPusher(i));
  const served = Array.from({ length: 50 }, async (_, i) => {
    const client = new RawClient(address);
    close.push(() => client.close());
    const stream: TestStream<PushRequest, PushResponse> = client.pushStream();
    const identity = { id: `good-${i}`, incarnation: 'i' };
    for (let number = 1; number <= 10; number++) {
      stream.send(pushRequest(number, [part], { client: identity }));
      for (let through = 0; through < number; ) {
        const response = (await stream.next())!;
        expect(response.refusals).toEqual([]);
        through = response.through;
      }
      expect((await client.rows('uid-doc', [3n]))[0]).toBeGreaterThanOrEqual(number);
    }
    stream.end();
  });
  await Promise.all(served);
  const client = new RawClient(address);
  expect([...(await client.rows('uid-doc', [0n]))]).toEqual(new Array(16).fill(500));
  expect(await metric('ps_pull_in_flight_bytes')).toBeLessThanOrEqual(ANSWER_BYTES_MAX);
  expect(await metric('grpc_server_half_messages_cut')).toBeGreaterThan(0);
  ended = true;
  await watching;
  client.close();
  for (const each of close) each();
  expect(peak).toBeLessThan(BOUNDS + BESIDE);
});
