// One call of `sync`: the announcement, the bytes, the wait, the result. Memory is taken when the bytes are announced; a
// call that has its answer already is given it at once.
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { freeReceived, WeirError } from '@weir/proto';
import type { GroupResultChunk, SyncRequest, SyncStart } from '@weir/proto/v1/groups';
import { sendFramed, widenReceiveWindow } from '@weir/runtime';
import { validateParts } from '../../core/group-contribution.ts';
import type { Contribution } from '../../core/group-reduce.ts';
import { GROUP_WINDOW_BYTES, SYNC_TIMEOUT_MS_MAX } from '../../limits.ts';
import type { OpenCalls } from '../open-calls.ts';
import type { GroupHost, SyncCall } from './group-host.ts';
import type { GroupUpload } from './group-upload.ts';
import { checkedMember, type Groups } from './groups.ts';

type Call = ServerDuplexStream<SyncRequest, GroupResultChunk>;

export function serveSync(call: Call, groups: Groups, calls: OpenCalls, patienceMs: number): void {
  widenReceiveWindow(call, GROUP_WINDOW_BYTES);
  const handler = new SyncHandler(call, groups, patienceMs);
  call.on('data', (message: SyncRequest) => handler.received(message));
  call.on('end', () => handler.ended());
  call.on('cancelled', () => handler.cancelled());
  calls.add(call, () => handler.fail(new WeirError('UNAVAILABLE', 'the shard is stopping')));
}

interface Begun {
  readonly host: GroupHost;
  readonly sync: SyncCall;
  readonly upload: GroupUpload;
  readonly endUpload: () => void;
  readonly timer: NodeJS.Timeout;
}

class SyncHandler {
  readonly #call: Call;
  readonly #groups: Groups;
  readonly #patienceMs: number;
  readonly #abort = new AbortController();
  #begun: Begun | undefined;
  /** Nothing more is wanted of the caller but to wait: what it still sends is passed over. */
  #waiting = false;
  /** The caller has its answer, or none is due any more. */
  #over = false;

  constructor(call: Call, groups: Groups, patienceMs: number) {
    this.#call = call;
    this.#groups = groups;
    this.#patienceMs = patienceMs;
  }

  received({ start, data }: SyncRequest): void {
    if (this.#over || this.#waiting) return;
    try {
      if (start !== undefined) this.#begin(start);
      if (this.#waiting) return;
      const begun = this.#begun;
      if (begun === undefined) throw new WeirError('INVALID_ARGUMENT', 'the first message has no start');
      begun.upload.add(data);
      freeReceived(data);
      if (begun.upload.complete) {
        this.#endUpload();
        void this.#wait(begun.host, begun.sync, begun.upload);
      }
    } catch (error) {
      this.fail(error);
    }
  }

  ended(): void {
    if (this.#waiting) return;
    this.fail(new WeirError('INVALID_ARGUMENT', 'fewer bytes came than the parts announce'));
  }

  cancelled(): void {
    this.#over = true;
    this.#endUpload();
    this.#abort.abort();
  }

  fail(thrown: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#endUpload();
    this.#abort.abort();
    this.#call.emit('error', WeirError.from(thrown).toStatus());
  }

  #begin(start: SyncStart): void {
    if (this.#begun !== undefined) throw new WeirError('INVALID_ARGUMENT', 'start comes once');
    const member = checkedMember(start.member);
    const { group, generation, step } = start;
    const timeoutMs = Math.min(start.timeoutMs, SYNC_TIMEOUT_MS_MAX);
    const sync = { member, generation, step, deadlineMs: performance.now() + timeoutMs };
    const parts = validateParts(start.parts);
    const host = this.#groups.of(group, member);
    if (host.isSettled(sync)) {
      void this.#wait(host, sync, NOTHING);
      return;
    }
    const { upload, end } = host.beginUpload(parts);
    const tooLate = new WeirError(
      'BARRIER_TIMEOUT',
      `group ${group}: step ${step} waits for ${member.name}`,
      {
        members: [member.name],
      },
    );
    const timer = setTimeout(() => this.fail(tooLate), Math.max(1, timeoutMs));
    this.#begun = { host, sync, upload, endUpload: end, timer };
  }

  async #wait(host: GroupHost, sync: SyncCall, contribution: Contribution): Promise<void> {
    this.#waiting = true;
    try {
      await host.sync(sync, contribution, this.#abort.signal, (frames) =>
        sendFramed(this.#call, frames, this.#patienceMs),
      );
      if (this.#over) return;
      this.#over = true;
      this.#call.end();
    } catch (error) {
      this.fail(error);
    }
  }

  #endUpload(): void {
    if (this.#begun === undefined) return;
    clearTimeout(this.#begun.timer);
    this.#begun.endUpload();
  }
}

const NOTHING: Contribution = { parts: [], values: [] };
