// One push on its way to its shards: who has acknowledged, who has refused, what is still out. It outlives the
// call that began it, so that a retry goes on where the call stopped. At most one call is on it at a time.
import { WeirError } from '@weir/proto';
import type { SkippedRows } from '@weir/proto/v1/parameter_server';
import type { CallOptions, CallScope } from './call-scope.ts';
import { type Ack, OutcomeUnknownError, type PushResult, type SkippedRow } from './outcome-unknown-error.ts';
import { splitPush, type TableRows } from './push-frames.ts';
import { inCallersTerms, listed, PushPart, type WholePush } from './push-part.ts';
import { delay } from './retry.ts';
import type { Router } from './router.ts';
import { inTermsOf } from './table-ref.ts';

/** The call that waits for a push. */
interface Waiter {
  readonly scope: CallScope;
  resolve(result: PushResult): void;
  reject(error: WeirError): void;
}

export class Push implements WholePush {
  readonly #router: Router;
  readonly #originTimeMs: number;
  readonly #sources: Uint8Array | undefined;
  readonly #begin: (options: CallOptions) => CallScope;
  /** Parts without a settlement. */
  readonly #open = new Set<PushPart>();
  readonly #acks = new Map<string, number>();
  readonly #skipped: SkippedRow[] = [];
  #skippedRows = 0;
  #refusal: WeirError | undefined;
  #waiter: Waiter | undefined;
  #leaveScope: (() => void) | undefined;
  #retrying: Promise<PushResult> | undefined;

  /**
   * Copies keys and values.
   * @param sources encoded: then every shard gets one part, with rows or without.
   * @param begin opens the scope of a retry.
   * @throws WeirError PUSH_TOO_LARGE or OVERLOADED, before anything is sent.
   */
  constructor(
    router: Router,
    what: string,
    tables: readonly TableRows[],
    originTimeMs: number,
    sources: Uint8Array | undefined,
    begin: (options: CallOptions) => CallScope,
  ) {
    this.#router = router;
    this.#originTimeMs = originTimeMs;
    this.#sources = sources;
    this.#begin = begin;
    for (const part of this.#split(tables, 1)) this.#open.add(part);
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

  applied(part: PushPart, seq: number, skipped: readonly SkippedRows[]): void {
    this.#open.delete(part);
    for (const rows of skipped) {
      this.#skipped.push(...listed(rows, part.push));
      this.#skippedRows += rows.rows;
    }
    const { shard } = part.push;
    this.#acks.set(shard, Math.max(seq, this.#acks.get(shard) ?? 0));
    this.#endIfDone();
  }

  refused(part: PushPart, error: WeirError): void {
    part.lane = undefined;
    if (error.code === 'NOT_OWNER') {
      if (this.#sources !== undefined) {
        part.disowned = error;
        this.#endIfDone();
      } else if (this.#waiter !== undefined) void this.#reroute([part], error.epoch, this.#waiter.scope);
      return;
    }
    this.#open.delete(part);
    this.#refusal ??= inCallersTerms(error, part.push);
    this.#endIfDone();
  }

  unknown(part: PushPart, error: WeirError): void {
    part.away = error;
    this.#endIfDone();
  }

  #split(tables: readonly TableRows[], attempt: number): PushPart[] {
    const { current, context } = this.#router;
    const pushes = splitPush(tables, current, context.memory, this.#sources);
    return pushes.map((push) => new PushPart(this, push, attempt));
  }

  #send(part: PushPart): void {
    part.away = undefined;
    part.disowned = undefined;
    if (part.lane !== undefined) return;
    part.trace = this.#waiter?.scope.trace;
    part.lane = this.#router.shard(part.push.shard).pushes.submit(part.push, this.#originTimeMs, part);
  }

  /** Their shards refused the parts whole and used up their numbers: split anew, under new numbers. */
  async #reroute(parts: readonly PushPart[], epoch: number | undefined, scope: CallScope): Promise<void> {
    const { attempt } = parts[0]!;
    await scope.sleep(delay(attempt, undefined, Math.random()));
    if (scope.ended) return;
    await this.#router.refresh(scope, epoch).catch(() => undefined);
    if (scope.ended) return;
    const tables = parts.flatMap(({ push }) => push.tables);
    for (const part of parts) this.#open.delete(part);
    try {
      const next = this.#splitAnew(tables, attempt + 1);
      for (const part of next) this.#open.add(part);
      for (const part of next) this.#send(part);
    } catch (error) {
      this.#refusal ??= WeirError.from(error);
    }
    this.#endIfDone();
  }

  /**
   * With sources: the same ranges again, for the shards that have not applied them. A shard that has would take more rows for a repeat
   * and pass them over, so rows that are its own now can nowhere be applied under these ranges.
   * @throws WeirError SOURCE_LOST; PUSH_TOO_LARGE when one shard owns now what was several parts.
   */
  #splitAnew(tables: readonly TableRows[], attempt: number): PushPart[] {
    const parts = this.#split(tables, attempt);
    if (this.#sources === undefined) return parts;
    const late = parts.find(({ push }) => push.rows > 0 && this.#acks.has(push.shard))?.push;
    if (late === undefined) return parts.filter(({ push }) => !this.#acks.has(push.shard));
    throw new WeirError(
      'SOURCE_LOST',
      `${late.shard} owns ${late.rows} rows of the push since epoch ${late.epoch}, and had applied its ranges before: ` +
        'these rows are lost. Let no push with sources be under way when slots move',
      { shard: late.shard },
    );
  }

  #endIfDone(): void {
    const { scope } = this.#waiter ?? {};
    if (scope === undefined) return;
    const disowned: PushPart[] = [];
    for (const part of this.#open) {
      if (part.disowned !== undefined) disowned.push(part);
      else if (part.away === undefined) return;
    }
    if (disowned.length === 0 || disowned.length < this.#open.size) this.#end(scope);
    // All other shards have applied the ranges or refused them for good.
    else if (this.#refusal === undefined) void this.#reroute(disowned, newestEpoch(disowned), scope);
    else {
      this.#open.clear();
      this.#end(scope);
    }
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
    else if (this.#open.size === 0) resolve(this.#result());
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

  #result(): PushResult {
    return { acks: this.#ackList(), skipped: this.#skipped, skippedRows: this.#skippedRows };
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

function newestEpoch(parts: readonly PushPart[]): number {
  return Math.max(...parts.map(({ disowned }) => disowned?.epoch ?? 0));
}
