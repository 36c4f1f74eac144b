// One push on its way to its shards: who has acknowledged, who has refused, what is still out. It outlives the
// call that began it, so that a retry goes on where the call stopped.
import { WeirError } from '@weir/proto';
import type { CallOptions, CallScope } from './call-scope.ts';
import { type Ack, OutcomeUnknownError, type PushResult } from './outcome-unknown-error.ts';
import { callersIndex, type ShardPush, splitPush, type TableRows } from './push-frames.ts';
import type { LanePush } from './push-lane.ts';
import { delay } from './retry.ts';
import type { Router } from './router.ts';
import { inTermsOf } from './table-ref.ts';

/** A shard's part and how far it has come. `lane` is set while the part is in the shard's lane. */
interface Part {
  readonly push: ShardPush;
  readonly attempt: number;
  lane: LanePush | undefined;
}

export class Push {
  readonly #router: Router;
  readonly #originTimeMs: number;
  /** Parts without a settlement. */
  #open: Part[];
  readonly #acks = new Map<string, number>();
  #refusal: WeirError | undefined;

  /**
   * Copies keys and values.
   * @throws WeirError PUSH_TOO_LARGE or OVERLOADED, before anything is sent.
   */
  constructor(router: Router, what: string, tables: readonly TableRows[], originTimeMs: number) {
    this.#router = router;
    this.#originTimeMs = originTimeMs;
    this.#open = splitPush(tables, router.current).map((push) => ({ push, attempt: 1, lane: undefined }));
    for (const { push } of this.#open) {
      const { full, place } = router.shard(push.shard).pushes;
      if (!full) continue;
      const text = `${what}: too many pushes wait for ${place}; await some of them before the next`;
      throw new WeirError('OVERLOADED', text, { shard: push.shard });
    }
  }

  /**
   * Waits until every part is settled or the scope ends.
   * @param begin opens the scope of a later retry.
   * @throws WeirError a shard's refusal; DEADLINE_EXCEEDED or CANCELLED when nothing had left yet.
   * @throws OutcomeUnknownError when the scope ended and something had.
   */
  async settle(scope: CallScope, begin: (options: CallOptions) => CallScope): Promise<PushResult> {
    await Promise.all(this.#open.map((part) => this.#drive(part, scope)));
    if (this.#refusal !== undefined) throw this.#refused(this.#refusal);
    if (this.#open.length === 0) return { acks: this.#ackList() };
    const places = this.#open.map((part) => this.#router.shard(part.push.shard).pushes.place);
    const end = scope.error(places.join(', '));
    const started = this.#acks.size > 0 || this.#open.some((part) => part.lane !== undefined);
    if (!started) throw end;
    const retry = async (options: CallOptions): Promise<PushResult> => {
      using again = begin(options);
      return await this.settle(again, begin);
    };
    const unknown = this.#openShards();
    throw new OutcomeUnknownError(
      `${end.message}; applied by [${[...this.#acks.keys()].join(', ')}], unknown at [${unknown.join(', ')}]`,
      this.#ackList(),
      unknown,
      retry,
      { cause: end, shard: unknown[0]! },
    );
  }

  async #drive(part: Part, scope: CallScope): Promise<void> {
    if (scope.ended) return;
    const lane = this.#router.shard(part.push.shard).pushes;
    part.lane ??= lane.submit(part.push, this.#originTimeMs);
    const settlement = await Promise.race([part.lane.settled, scope.done]);
    if (settlement === undefined) {
      if (lane.withdraw(part.lane)) part.lane = undefined;
      return;
    }
    if (settlement.error?.code === 'NOT_OWNER') {
      part.lane = undefined;
      return this.#reroute(part, settlement.error.epoch, scope);
    }
    this.#open = this.#open.filter((other) => other !== part);
    if (settlement.error === undefined) {
      const { shard } = part.push;
      this.#acks.set(shard, Math.max(settlement.seq, this.#acks.get(shard) ?? 0));
    } else {
      this.#refusal ??= inCallersTerms(settlement.error, part.push);
    }
  }

  /** The shard refused the part whole and used up its number: split anew, under new numbers. */
  async #reroute(part: Part, epoch: number | undefined, scope: CallScope): Promise<void> {
    await scope.sleep(delay(part.attempt, undefined, Math.random()));
    if (scope.ended) return;
    await this.#router.refresh(scope, epoch).catch(() => undefined);
    if (scope.ended) return;
    const parts = splitPush(part.push.tables, this.#router.current).map((push) => ({
      push,
      attempt: part.attempt + 1,
      lane: undefined,
    }));
    this.#open = this.#open.filter((other) => other !== part).concat(parts);
    await Promise.all(parts.map((next) => this.#drive(next, scope)));
  }

  #ackList(): Ack[] {
    return [...this.#acks].map(([shard, seq]) => ({ shard, seq }));
  }

  #openShards(): string[] {
    return [...new Set(this.#open.map((part) => part.push.shard))];
  }

  /** Other shards' parts stand on their own; the message says what became of them. */
  #refused(error: WeirError): WeirError {
    const others = [
      ...(this.#acks.size > 0 ? [`applied by ${[...this.#acks.keys()].join(', ')}`] : []),
      ...(this.#open.length > 0 ? [`unknown at ${this.#openShards().join(', ')}`] : []),
    ];
    if (others.length === 0) return error;
    return inTermsOf(error, [], error.shard ?? '', { message: [error.message, ...others].join('; ') });
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
