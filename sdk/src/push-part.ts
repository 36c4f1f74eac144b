// A shard's part of a push on its way, and what the shard says of it in the caller's terms.
import { isErrorCode, u32FromBytes, type WeirError } from '@weir/proto';
import type { SkippedRows } from '@weir/proto/v1/parameter_server';
import type { CallTrace } from './call-trace.ts';
import type { LanePush, PushListener } from './lane-push.ts';
import type { SkippedRow } from './outcome-unknown-error.ts';
import { callersIndex, type ShardPush } from './push-frames.ts';
import { inTermsOf } from './table-ref.ts';

/** The push to which parts belong. */
export interface WholePush {
  applied(part: PushPart, seq: number, skipped: readonly SkippedRows[]): void;
  refused(part: PushPart, error: WeirError): void;
  unknown(part: PushPart, error: WeirError): void;
}

/** A shard's part and how far it has come. */
export class PushPart implements PushListener {
  readonly push: ShardPush;
  /** How often its rows were split. */
  readonly attempt: number;
  /** Of the call that sends it, if that is sampled. */
  trace: CallTrace | undefined;
  /** Set while the part is in the shard's lane. */
  lane: LanePush | undefined;
  /** Why the shard takes no streams of us; the part has its number. */
  away: WeirError | undefined;
  /** With sources: the shard does not own all of its keys, and has applied nothing of it. */
  disowned: WeirError | undefined;
  readonly #whole: WholePush;

  constructor(whole: WholePush, push: ShardPush, attempt: number) {
    this.#whole = whole;
    this.push = push;
    this.attempt = attempt;
  }

  applied(seq: number, skipped: readonly SkippedRows[]): void {
    this.#whole.applied(this, seq, skipped);
  }

  refused(error: WeirError): void {
    this.#whole.refused(this, error);
  }

  unknown(error: WeirError): void {
    this.#whole.unknown(this, error);
  }
}

/** The shard counts rows within its part; the caller counts within the arrays given. */
export function inCallersTerms(error: WeirError, push: ShardPush): WeirError {
  const { shard } = push;
  const refs = push.tables.map(({ table }) => table);
  const named = inTermsOf(error, refs, shard);
  const { keyIndex, table } = named;
  if (keyIndex === undefined || table === undefined) return named;
  const position = callersIndex(push, table, keyIndex);
  const message = `${named.message} (row ${keyIndex} of its part is key ${position} of the push)`;
  return inTermsOf(error, refs, shard, { message, keyIndex: position });
}

/** The same for rows that the shard passed over and lists. */
export function listed({ tableUid, code: given, keys }: SkippedRows, push: ShardPush): SkippedRow[] {
  const { shard } = push;
  const table = push.tables.find(({ table: { uid } }) => uid === tableUid)?.table.name ?? tableUid;
  const code = isErrorCode(given) ? given : 'INTERNAL';
  return Array.from(u32FromBytes(keys), (row) => ({
    shard,
    table,
    code,
    keyIndex: callersIndex(push, table, row),
  }));
}
