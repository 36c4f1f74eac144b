// A shard's part of a push in that shard's lane, and the record under whose number it goes.
import { type PushFrame, pushTraceHead, type WeirError } from '@weir/proto';
import { ParameterServerService, type PushClient, type SkippedRows } from '@weir/proto/v1/parameter_server';
import { type CallTrace, MessageTrace } from './call-trace.ts';
import type { FrameMemory } from './frame-memory.ts';
import { REQUEST_OVERHEAD_BYTES } from './limits.ts';
import { mergedFrame } from './merged-frame.ts';
import { OutgoingMessage } from './outgoing-message.ts';
import type { ShardPush } from './push-frames.ts';

/** Hears of a push in a lane; `applied` or `refused` is the last it hears. */
export interface PushListener {
  /** Of a sampled call. */
  readonly trace?: CallTrace | undefined;
  /** At log position `seq` or before, but for rows that the shard passed over. */
  applied(seq: number, skipped: readonly SkippedRows[]): void;
  /** Nothing of it is applied. */
  refused(error: WeirError): void;
  /** The shard takes no streams of us: it keeps its number and goes on as soon as one stands, whenever that is. */
  unknown(error: WeirError): void;
}

const NONE: readonly SkippedRows[] = [];

export class LanePush {
  readonly push: ShardPush;
  readonly originTimeMs: number;
  readonly arrivedAtMs: number;
  readonly listener: PushListener;
  /** A numbered one may wait again: when the record into which it was merged was refused. */
  state: 'waiting' | 'numbered' | 'settled' = 'waiting';
  /** Must not be merged: it has sources, or a record with it was refused, maybe because of another. */
  alone: boolean;
  /** Where it waits; WaitingPushes' own. */
  place = 0;

  constructor(push: ShardPush, originTimeMs: number, arrivedAtMs: number, listener: PushListener) {
    this.push = push;
    this.alone = push.hasSources;
    this.originTimeMs = originTimeMs;
    this.arrivedAtMs = arrivedAtMs;
    this.listener = listener;
  }

  applied(seq: number, skipped: readonly SkippedRows[]): void {
    this.state = 'settled';
    this.listener.applied(seq, skipped);
  }

  refused(error: WeirError): void {
    this.state = 'settled';
    this.listener.refused(error);
  }
}

/** What has a number: one push, or several small ones that became one. */
export class PushRecord {
  number: number;
  readonly members: readonly LanePush[];
  readonly frames: readonly PushFrame[];
  readonly epoch: number;
  /** Of keys and values. */
  readonly bytes: number;
  readonly rows: number;
  /** The oldest that is known; 0: none is. */
  readonly originTimeMs: number;
  refused = false;
  /** Its frames as they were given to the first stream. */
  readonly messages: OutgoingMessage[] = [];
  #skipped: readonly SkippedRows[] = NONE;
  #trace: MessageTrace | undefined;
  #sentBefore = false;

  constructor(number: number, members: readonly LanePush[], memory: FrameMemory) {
    const [first] = members;
    const pushes = members.map(({ push }) => push);
    this.number = number;
    this.members = members;
    this.frames = members.length === 1 ? first!.push.frames : [mergedFrame(pushes, memory)];
    this.epoch = first!.push.epoch;
    this.bytes = pushes.reduce((sum, push) => sum + push.bytes, 0);
    this.rows = pushes.reduce((sum, push) => sum + push.rows, 0);
    const known = members.map(({ originTimeMs }) => originTimeMs).filter((timeMs) => timeMs > 0);
    this.originTimeMs = known.length === 0 ? 0 : Math.min(...known);
    for (const member of members) member.state = 'numbered';
  }

  /** Rows that the shard passed over: of a push with sources, which is alone in its record. */
  get skipped(): readonly SkippedRows[] {
    return this.#skipped;
  }

  skip(rows: SkippedRows): void {
    this.#skipped = [...this.#skipped, rows];
  }

  /** It was given to a stream that was lost, whole or in part. */
  get sentBefore(): boolean {
    return this.#sentBefore;
  }

  sendAgain(): void {
    this.#sentBefore = true;
    this.#trace?.sentAgain();
  }

  /** Where a member is of a sampled call. */
  get trace(): MessageTrace | undefined {
    return this.#trace;
  }

  /** It is about to be sent there. */
  traceTo(shard: { readonly id: string; readonly address: string }): void {
    if (this.members.every(({ listener }) => listener.trace === undefined)) return;
    const calls = this.members.flatMap(({ listener }) => listener.trace ?? []);
    this.#trace = MessageTrace.begin(ParameterServerService.push.path, calls, shard, this.rows);
  }

  /** A frame as it is sent now. @param client in the first message of a stream. */
  outgoing(frame: number, client: PushClient | undefined): OutgoingMessage {
    const { number, epoch, originTimeMs } = this;
    const moreFrames = frame + 1 < this.frames.length;
    const bytes = this.frames[frame]!.message({ client, number, epoch, moreFrames, originTimeMs });
    const traced = frame === 0 && this.#trace !== undefined ? pushTraceHead(this.#trace.context) : undefined;
    const message = new OutgoingMessage(bytes, traced);
    if (!this.#sentBefore) this.messages.push(message);
    return message;
  }

  /** What it holds of `inFlightBytesMax`. */
  get cost(): number {
    return this.bytes + REQUEST_OVERHEAD_BYTES;
  }

  /** Gives the memory of all frames back; they must not be looked at after. */
  release(memory: FrameMemory): void {
    for (const message of this.messages) message.arrived();
    for (const frame of this.frames) memory.give(frame.memory);
    if (this.members.length === 1) return;
    for (const { push } of this.members) for (const frame of push.frames) memory.give(frame.memory);
  }
}
