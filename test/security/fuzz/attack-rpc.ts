// An attack on one RPC: so many hostile messages, several calls at a time, and which of their outcomes must not be.
import { status } from '@grpc/grpc-js';
import { MESSAGE_BYTES_MAX } from '@weir/proto';
import { type HostileMessage, hostileMessage } from './hostile-message.ts';
import { Random, SEED } from './random.ts';
import { framed, type Outcome, RawCaller } from './raw-call.ts';
import type { Rpc } from './rpcs.ts';
import { VALID } from './valid-messages.ts';

export interface Tally {
  /** Calls by outcome: a status, `left`, a reset, an HTTP status. */
  readonly outcomes: Map<string, number>;
  /** What must not be, the first of each kind. */
  readonly faults: Map<string, string>;
  messages: number;
}

/** A message of a unary call and what came of it. @param isPlain its frame and its metadata were as they should be. */
export type OnAnswer = (message: Buffer, outcome: Outcome, isPlain: boolean) => void;

const CONCURRENCY = 24;
/** A call that owes an answer and says nothing for so long hangs. */
const HANG_MS = 20_000;
/** One that may be silent for ever is left by its caller. */
const SILENCE_MS = 15;
const NUMBERS_PER_ATTACKER = 30_000;
const MESSAGES_PER_STREAM_MAX = 6;

interface Shape {
  readonly data: Buffer[];
  readonly kind: string;
  readonly headers?: Record<string, string>;
  /** What must come of it, where that is known. */
  readonly expected?: status;
}

export async function attackRpc(
  address: string,
  rpc: Rpc,
  messages: number,
  onAnswer: OnAnswer = () => undefined,
): Promise<Tally> {
  const tally: Tally = { outcomes: new Map(), faults: new Map(), messages: 0 };
  const valid = VALID[rpc.path];
  if (valid === undefined) throw new Error(`${rpc.path} has no valid messages in valid-messages.ts`);
  const attacker = async (worker: number): Promise<void> => {
    const random = new Random(SEED, `${rpc.path}#${worker}`);
    const caller = new RawCaller(address);
    // Numbers of its own, so that the same seed sends the same, whoever is faster.
    let number = worker * NUMBERS_PER_ATTACKER;
    const end = number + Math.ceil(messages / CONCURRENCY);
    while (number < end) {
      const count = rpc.requestStream ? 1 + random.below(MESSAGES_PER_STREAM_MAX) : 1;
      tally.messages += count;
      const first = number;
      number += count;
      const hostile = Array.from({ length: count }, (_, i) =>
        hostileMessage(valid(first + i), first + i, random),
      );
      const shape = shapeOf(rpc, hostile, random);
      const mayBeSilent = rpc.requestStream || rpc.responseStream;
      const outcome = await caller.call({
        path: rpc.path,
        data: shape.data,
        end: shape.expected !== undefined || !rpc.requestStream || random.chance(0.9),
        ...(shape.headers !== undefined && { headers: shape.headers }),
        silenceMs: mayBeSilent && shape.expected === undefined ? SILENCE_MS : HANG_MS,
      });
      const word = wordFor(outcome);
      tally.outcomes.set(word, (tally.outcomes.get(word) ?? 0) + 1);
      const fault = faultOf(outcome, shape, mayBeSilent);
      if (fault !== undefined && !tally.faults.has(fault)) {
        tally.faults.set(
          fault,
          `${shape.kind}; ${outcome.message}; ${shape.data.map((d) => d.toString('hex').slice(0, 400)).join(' | ')}`,
        );
      }
      if (!rpc.requestStream) onAnswer(hostile[0]!.bytes, outcome, shape.kind === hostile[0]!.kind);
    }
    caller.close();
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, (_, worker) => attacker(worker)));
  return tally;
}

/** Mostly the messages as they are; sometimes gRPC's own frames are lies. */
function shapeOf(rpc: Rpc, hostile: readonly HostileMessage[], random: Random): Shape {
  const data = hostile.map(({ bytes }) => framed(bytes));
  const kind = hostile.map((message) => message.kind).join(' + ');
  const last = hostile.at(-1)!.bytes;
  switch (random.below(60)) {
    case 0: {
      const length = random.pick([MESSAGE_BYTES_MAX + 1, 2 ** 31, 2 ** 32 - 1]);
      return {
        data: [framed(last, length)],
        kind: `frame says ${length}`,
        expected: status.RESOURCE_EXHAUSTED,
      };
    }
    case 1:
      // The client ends in the middle of a message.
      return {
        data: [framed(last, last.length + 1 + random.below(100))],
        kind: 'half a message',
        expected: status.INVALID_ARGUMENT,
      };
    case 2:
      return { data: [framed(last, last.length, 1)], kind: 'says compressed, by nothing' };
    case 3:
      return {
        data: [framed(last, last.length, 1)],
        kind: 'says compressed',
        headers: { 'grpc-encoding': random.pick(['gzip', 'deflate', 'br', 'nonsense']) },
        expected: status.UNIMPLEMENTED,
      };
    case 4:
      return { data: [Buffer.concat([...data, Buffer.alloc(random.below(5))])], kind: `${kind} and a piece` };
    case 5:
      return {
        data: [...Buffer.concat(data).subarray(0, 40)].map((byte) => Buffer.of(byte)),
        kind: 'byte by byte',
      };
    case 6:
      return { data: rpc.requestStream ? [] : [...data, ...data], kind: 'none, or two' };
    case 7:
      return {
        data,
        kind: `${kind}, bad timeout`,
        headers: { 'grpc-timeout': random.pick(['-1S', '1', 'abc', '999999999H', '0n']) },
      };
    case 8:
      return {
        data,
        kind: `${kind}, hostile metadata`,
        headers: {
          traceparent: random.pick([
            '',
            '00-',
            'x'.repeat(1_000),
            '00-00000000000000000000000000000000-0000000000000000-01',
          ]),
          'x-bin': '%%%',
          'weir-error-bin': 'AAAA////',
        },
      };
    default: {
      const refuses = rpc.decode !== undefined && hostile.length === 1 && !decodes(rpc.decode, last);
      return { data, kind, ...(refuses && { expected: status.INVALID_ARGUMENT }) };
    }
  }
}

function decodes(decode: (bytes: Buffer) => unknown, bytes: Buffer): boolean {
  try {
    decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function wordFor({ status: code, code: ours, left, reset, http }: Outcome): string {
  if (code !== undefined) return ours ?? status[code] ?? String(code);
  if (left) return 'left';
  return reset === undefined ? `HTTP ${http}` : `reset ${reset}`;
}

/** INTERNAL and UNKNOWN are what defects look like. */
const NEVER: readonly (number | undefined)[] = [status.INTERNAL, status.UNKNOWN, status.UNAVAILABLE];

function faultOf(outcome: Outcome, shape: Shape, mayBeSilent: boolean): string | undefined {
  const word = wordFor(outcome);
  if (outcome.left && !mayBeSilent) return `no answer within ${HANG_MS} ms`;
  if (outcome.status === undefined && !outcome.left) return `no status: ${word}`;
  if (NEVER.includes(outcome.status)) return `${word}: ${outcome.message.slice(0, 60)}`;
  const { expected } = shape;
  return expected === undefined || outcome.status === expected
    ? undefined
    : `${word} instead of ${status[expected]}`;
}
