// One push on its way to its shards: who has acknowledged, who has refused, what is still out. It outlives the
// call that began it, so that a retry goes on where the call stopped. At most one call is on it at a time.
import { WeirError } from '@weir/proto';
import type { CallOptions, CallScope } from './call-scope.ts';
import type { LanePush, PushListener } from './lane-push.ts';
import { type Ack, OutcomeUnknownError, type PushResult, type SkippedRow } from './outcome-unknown-error.ts';
import { callersIndex, type ShardPush, splitPush, type TableRows } from './push-frames.ts';
import { delay } from './retry.ts';
import type { Router } from './router.ts';
import { inTermsOf } from './table-ref.ts';

/** The call that waits for a push. */
interface Waiter {
  readonly scope: CallScope;
  resolve(result: PushResult): void;
  reject(error: WeirError): void;
}

export class Push {
  readonly #router: Router;
  readonly #originTimeMs: number;
  readonly #begin: (options: CallOptions) => CallScope;
  /** Parts without a settlement. */
  readonly #open = new Set<Part>();
  readonly #acks = new Map<string, number>();
  readonly #skipped: SkippedRow[] = [];
  #refusal: WeirError | undefined;
  #waiter: Waiter | undefined;
  #leaveScope: (() => void) | undefined;
  #retrying: Promise<PushResult> | undefined;

  /**
   * Copies keys and values.
   * @param begin opens the scope of a retry.
   * @throws WeirError PUSH_TOO_LARGE or OVERLOADED, before anything is sent.
   */
  constructor(
    router: Router,
    what: string,
    tables: readonly TableRows[],
    originTimeMs: number,
    begin: (options: CallOptions) => CallScope,
  ) {
    this.#router = router;
    this.#originTimeMs = originTimeMs;
    this.#begin = begin;
    this.#split(tables, 1);
    for (const { push } of this.#open) {
      const lane = router.shard(push.shard).pushes;
      if (!lane.full) continue;
      const text = `${what}: too many pushes wait for ${lane.place}; await some of them before the next`;
      throw new WeirError('OVERLOADED', text, { shard: push.shard });
    }
  }

  /**
   * Waits until every part is settled or the scope ends.
   * @throws WeirError a shard's refusal; DEADLINE_EXCEEDED or CANCELLED when nothing had left yet.
   * @throws OutcomeUnknownError when something had left and the scope ended, or a shard takes no streams of us.
   */
  settle(scope: CallScope): Promise<PushResult> {
    return new Promise((resolve, reject) => {
      this.#waiter = { scope, resolve, reject };
      if (scope.ended) return this.#end(scope);
      this.#leaveScope = scope.onEnd(() => this.#end(scope));
      for (const part of this.#open) this.#send(part);
      this.#endIfDone();
    });
  }

  applied(part: Part, seq: number): void {
    this.#open.delete(part);
    const { shard } = part.push;
    this.#acks.set(shard, Math.max(seq, this.#acks.get(shard) ?? 0));
    this.#endIfDone();
  }

  refused(part: Part, error: WeirError): void {
    part.lane = undefined;
    if (error.code === 'NOT_OWNER') {
      if (this.#waiter !== undefined) void this.#reroute(part, error.epoch, this.#waiter.scope);
      return;
    }
    this.#open.delete(part);
    this.#refusal ??= inCallersTerms(error, part.push);
    this.#endIfDone();
  }

  unknown(part: Part, error: WeirError): void {
    part.away = error;
    this.#endIfDone();
  }

  #split(tables: readonly TableRows[], attempt: number): Part[] {
    const { current, context } = this.#router;
    const parts = splitPush(tables, current, context.memory).map((push) => new Part(this, push, attempt));
    for (const part of parts) this.#open.add(part);
    return parts;
  }

  #send(part: Part): void {
    part.away = undefined;
    if (part.lane !== undefined) return;
    part.lane = this.#router.shard(part.push.shard).pushes.submit(part.push, this.#originTimeMs, part);
  }

  /** The shard refused the part whole and used up its number: split anew, under new numbers. */
  async #reroute(part: Part, epoch: number | undefined, scope: CallScope): Promise<void> {
    await scope.sleep(delay(part.attempt, undefined, Math.random()));
    if (scope.ended) return;
    await this.#router.refresh(scope, epoch).catch(() => undefined);
    if (scope.ended) return;
    const parts = this.#split(part.push.tables, part.attempt + 1);
    this.#open.delete(part);
    for (const next of parts) this.#send(next);
  }

  #endIfDone(): void {
    const { scope } = this.#waiter ?? {};
    if (scope === undefined) return;
    for (const { away } of this.#open) if (away === undefined) return;
    this.#end(scope);
  }

  /** Answers the call. Parts without a number are taken back. */
  #end(scope: CallScope): void {
    const { resolve, reject } = this.#waiter!;
    this.#waiter = undefined;
    this.#leaveScope?.();
    const places = [...this.#open].map(({ push }) => this.#router.shard(push.shard).pushes.place);
    for (const part of this.#open) {
      if (part.lane === undefined) continue;
      if (this.#router.shard(part.push.shard).pushes.withdraw(part.lane)) part.lane = undefined;
    }
    if (this.#refusal !== undefined) reject(this.#refused(this.#refusal));
    else if (this.#open.size === 0) resolve({ acks: this.#ackList(), skipped: this.#skipped });
    else reject(this.#unsettled(scope.ended ? scope.error(places.join(', ')) : this.#firstAway()!));
  }

  #firstAway(): WeirError | undefined {
    for (const { away, push } of this.#open) if (away !== undefined) return inTermsOf(away, [], push.shard);
    return undefined;
  }

  #unsettled(why: WeirError): WeirError {
    const started = this.#acks.size > 0 || [...this.#open].some((part) => part.lane !== undefined);
    if (!started) return why;
    const unknown = this.#openShards();
    return new OutcomeUnknownError(
      `${why.message}; applied by [${[...this.#acks.keys()].join(', ')}], unknown at [${unknown.join(', ')}]`,
      this.#ackList(),
      unknown,
      (options) => this.#retry(options),
      { cause: why, shard: unknown[0]! },
    );
  }

  #retry(options: CallOptions): Promise<PushResult> {
    this.#retrying ??= this.#settleAgain(options).finally(() => {
      this.#retrying = undefined;
    });
    return this.#retrying;
  }

  async #settleAgain(options: CallOptions): Promise<PushResult> {
    using scope = this.#begin(options);
    return await this.settle(scope);
  }

  #ackList(): Ack[] {
    return [...this.#acks].map(([shard, seq]) => ({ shard, seq }));
  }

  #openShards(): string[] {
    return [...new Set([...this.#open].map((part) => part.push.shard))];
  }

  /** Other shards' parts stand on their own; the message says what became of them. */
  #refused(error: WeirError): WeirError {
    const others = [
      ...(this.#acks.size > 0 ? [`applied by ${[...this.#acks.keys()].join(', ')}`] : []),
      ...(this.#open.size > 0 ? [`unknown at ${this.#openShards().join(', ')}`] : []),
    ];
    if (others.length === 0) return error;
    return inTermsOf(error, [], error.shard ?? '', { message: [error.message, ...others].join('; ') });
  }
}

/** A shard's part and how far it has come. */
class Part implements PushListener {
  readonly push: ShardPush;
  readonly attempt: number;
  /** Set while the part is in the shard's lane. */
  lane: LanePush | undefined;
  /** Why the shard takes no streams of us; the part has its number. */
  away: WeirError | undefined;
  readonly #whole: Push;

  constructor(whole: Push, push: ShardPush, attempt: number) {
    this.#whole = whole;
    this.push = push;
    this.attempt = attempt;
  }

  applied(seq: number): void {
    this.#whole.applied(this, seq);
  }

  refused(error: WeirError): void {
    this.#whole.refused(this, error);
  }

  unknown(error: WeirError): void {
    this.#whole.unknown(this, error);
  }
}

/** The shard counts rows within its part; the caller counts within the arrays given. */
function inCallersTerms(error: WeirError, push: ShardPush): WeirError {
  const { shard } = push;
  const refs = push.tables.map(({ table }) => table);
  const named = inTermsOf(error, refs, shard);
  const { keyIndex, table } = named;
  if (keyIndex === undefined || table === undefined) return named;
  const position = callersIndex(push, table, keyIndex);
  const message = `${named.message} (row ${keyIndex} of its part is key ${position} of the push)`;
  return inTermsOf(error, refs, shard, { message, keyIndex: position });
}
