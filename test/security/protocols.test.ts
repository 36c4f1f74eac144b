// Streams whose messages come in an order that the protocol does not know, slowly, or not to their end: each is refused or
// ends, nothing of it is applied, and others are served meanwhile.
import { connect as connectHttp2, constants } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { MESSAGE_BYTES_MAX, PUSH_BYTES_MAX } from '@weir/proto';
import { GroupPartType, GroupReduce, JoinGroupRequest, SyncRequest } from '@weir/proto/v1/groups';
import { PullRequest, PushRequest, PushResponse } from '@weir/proto/v1/parameter_server';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keyBytes, pushPart, pushRequest, RawClient } from '../../ps/src/testing/raw-client.ts';
import { framed, type Outcome, RawCaller } from './fuzz/raw-call.ts';
import { DIM, TARGET } from './fuzz/valid-messages.ts';
import { startVictims, type Victims } from './fuzz/victims.ts';
import { Watch } from './fuzz/watch.ts';

const PUSH = '/weir.v1.ParameterServer/Push';
const WAIT_MS = 10_000;

let victims: Victims;
let caller: RawCaller;
let client: RawClient;
let watch: Watch;
/** A key that no other test has. */
let key = 0n;

beforeAll(async () => {
  victims = await startVictims();
  client = new RawClient(victims.processes.ps.listen);
  watch = await Watch.begin(victims.processes.ps);
});
afterAll(async () => {
  await watch?.[Symbol.asyncDispose]();
  client?.close();
  await victims?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  key++;
  caller = new RawCaller(victims.processes.ps.listen);
});
afterEach(() => {
  caller.close();
  expect(watch.faults).toEqual([]);
});

const part = () => pushPart(TARGET.uid, [key], new Array<number>(DIM).fill(1));
const frame = (number: number, more: Partial<PushRequest> = {}): Buffer =>
  framed(PushRequest.encode(pushRequest(number, [part()], more)).finish());
/** Pushes of this test that are in the table. */
const applied = async (): Promise<number> => (await client.rows(TARGET.uid, [key]))[0]!;

const hello = (): Partial<PushRequest> => ({ client: { id: `client-${key}`, incarnation: 'first' } });
const call = (path: string, data: Buffer[], end = true): Promise<Outcome> =>
  caller.call({ path, data, end, silenceMs: WAIT_MS });

/** Codes of the refusals in a push stream's answers. */
function refusals({ answer }: Outcome): string[] {
  const codes: string[] = [];
  for (let at = 0; at + 5 <= answer.length; ) {
    const length = answer.readUInt32BE(at + 1);
    const response = PushResponse.decode(answer.subarray(at + 5, at + 5 + length));
    codes.push(...response.refusals.map(({ error }) => error?.code ?? ''));
    at += 5 + length;
  }
  return codes;
}

describe('a push stream', () => {
  it('without a client in its first message is refused', async () => {
    const outcome = await call(PUSH, [frame(1, { client: undefined }), frame(2)]);
    expect(outcome).toMatchObject({ status: status.INVALID_ARGUMENT, code: 'INVALID_ARGUMENT' });
    expect(await applied()).toBe(0);
  });

  it('whose second message names another client goes on as the first one', async () => {
    const other = { client: { id: 'somebody', incarnation: 'else' } };
    expect((await call(PUSH, [frame(1, hello()), frame(2, other)])).status).toBe(status.OK);
    expect(await applied()).toBe(2);
    // The other one's numbers are untouched: its first push is number 1.
    expect((await call(PUSH, [frame(1, other)])).status).toBe(status.OK);
    expect(await applied()).toBe(3);
  });

  it('whose numbers go backwards or stand still applies each once', async () => {
    const numbers = [1, 2, 2, 1, 3];
    const outcome = await call(
      PUSH,
      numbers.map((number) => frame(number, hello())),
    );
    expect(outcome.status).toBe(status.OK);
    expect(await applied()).toBe(3);
  });

  it('whose numbers have a gap, or that begins at 0, is refused', async () => {
    const outcome = await call(PUSH, [frame(5, hello())]);
    expect([outcome.status, ...refusals(outcome)]).toEqual([status.OK, 'SEQUENCE_GAP']);
    expect(await call(PUSH, [frame(0, hello())])).toMatchObject({ status: status.INVALID_ARGUMENT });
    expect(await applied()).toBe(0);
  });

  it('that begins a push before the last one has all its frames is refused', async () => {
    const outcome = await call(PUSH, [frame(1, { ...hello(), moreFrames: true }), frame(2)]);
    expect(outcome.status).toBe(status.INVALID_ARGUMENT);
    expect(await applied()).toBe(0);
  });

  it('that ends, or is reset, in the middle of a push or of a message applies nothing of it', async () => {
    expect((await call(PUSH, [frame(1, { ...hello(), moreFrames: true })])).status).toBe(status.OK);
    const whole = frame(1, hello());
    expect((await call(PUSH, [whole.subarray(0, whole.length - 1)])).status).toBe(status.INVALID_ARGUMENT);
    const cut = { path: PUSH, data: [frame(1, { ...hello(), moreFrames: true })], end: false, silenceMs: 50 };
    expect((await caller.call(cut)).left).toBe(true);
    expect(await applied()).toBe(0);
  });

  it('whose push is larger than a push may be is refused with its code, whole', async () => {
    const wide = pushPart(TARGET.uid, Array<bigint>(1_000).fill(key), new Array<number>(1_000 * DIM).fill(1));
    const bytes = wide.keys.length + wide.values.length;
    const frames = Math.ceil(PUSH_BYTES_MAX / (10 * bytes)) + 1;
    const data = Array.from({ length: frames }, (_, i) =>
      framed(
        PushRequest.encode(
          pushRequest(1, new Array(10).fill(wide), { ...hello(), moreFrames: i < frames - 1 }),
        ).finish(),
      ),
    );
    const outcome = await call(PUSH, data);
    expect([outcome.status, ...refusals(outcome)]).toEqual([status.OK, 'PUSH_TOO_LARGE']);
    expect(await applied()).toBe(0);
  });

  it('that comes a byte at a time is taken', async () => {
    const bytes = [...frame(1, hello())].map((byte) => Buffer.of(byte));
    expect((await call(PUSH, bytes)).status).toBe(status.OK);
    expect(await applied()).toBe(1);
  });
});

describe('sizes', () => {
  it.each([
    [0, status.OK],
    [MESSAGE_BYTES_MAX - 1, status.INVALID_ARGUMENT],
    [MESSAGE_BYTES_MAX, status.INVALID_ARGUMENT],
    [MESSAGE_BYTES_MAX + 1, status.RESOURCE_EXHAUSTED],
  ])('a message of %i bytes', async (bytes, expected) => {
    const outcome = await call('/weir.v1.ParameterServer/PullOnce', [framed(Buffer.alloc(bytes, 0xff))]);
    expect(outcome.status).toBe(expected);
  });
});

it('a pull stream: every request is answered by its number, also those that are refused', async () => {
  const request = (requestId: number, keys: Uint8Array): Buffer =>
    framed(
      PullRequest.encode({
        requestId,
        epoch: 1,
        parts: [{ tableUid: TARGET.uid, keys, encoding: 1 }],
      }).finish(),
    );
  const good = keyBytes([key]);
  const outcome = await call('/weir.v1.ParameterServer/Pull', [
    request(9, good),
    request(9, good.subarray(0, 7)),
    request(0, good),
    request(1, good),
  ]);
  expect(outcome.status).toBe(status.OK);
});

describe('a contribution to a barrier', () => {
  const start = {
    group: 'barrier',
    member: { name: 'm', incarnation: 'i' },
    generation: 1,
    step: 1,
    timeoutMs: 50,
    parts: [{ name: 'p', type: GroupPartType.F32, reduce: GroupReduce.SUM, bytes: 8 }],
  };
  const message = (request: Partial<SyncRequest>): Buffer =>
    framed(SyncRequest.encode({ start: undefined, data: new Uint8Array(0), ...request }).finish());

  it.each<[string, Buffer[]]>([
    ['data before the start', [message({ data: Buffer.alloc(8) })]],
    ['a start twice', [message({ start }), message({ start })]],
    ['no data', [message({ start })]],
    ['more data than is announced', [message({ start, data: Buffer.alloc(9) })]],
    [
      'a part that is larger than any may be',
      [message({ start: { ...start, parts: [{ ...start.parts[0]!, bytes: 2 ** 52 }] } })],
    ],
    ['a part of half a value', [message({ start: { ...start, parts: [{ ...start.parts[0]!, bytes: 7 }] } })]],
  ])('%s', async (_, data) => {
    const { group, member } = start;
    const join = framed(JoinGroupRequest.encode({ group, member, leaseMs: 60_000 }).finish());
    expect((await call('/weir.v1.Groups/Join', [join])).status).toBe(status.OK);
    expect((await call('/weir.v1.Groups/Sync', data)).status).toBe(status.INVALID_ARGUMENT);
  });
});

it('300 connections that each send half a message and no more leave the others served and the memory bounded', async () => {
  const half = framed(Buffer.alloc(16 * 1024), 1024 * 1024);
  const sessions = Array.from({ length: 300 }, () => {
    const session = connectHttp2(`http://${victims.processes.ps.listen}`);
    session.on('error', () => undefined);
    for (const path of [PUSH, '/weir.v1.Groups/Sync']) {
      const stream = session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
      });
      stream.on('error', () => undefined);
      stream.write(half);
    }
    return session;
  });
  expect((await call(PUSH, [frame(1, hello())])).status).toBe(status.OK);
  expect(await applied()).toBe(1);
  expect(await watch.grownBytes()).toBeLessThan(512 * 1024 * 1024);
  for (const session of sessions) session.destroy(undefined, constants.NGHTTP2_CANCEL);
});
