// What changed rows last: asked of the shards that own them, which look into their logs.
import { bytesOf, floatsFromBytes, keyCount, type PackedKeys, WeirError } from '@weir/proto';
import { ChangeKind, type LastChangesResponse, type RowChange } from '@weir/proto/v1/parameter_server';
import type { CallOptions, CallScope } from './call-scope.ts';
import type { Router } from './router.ts';
import { type Slice, slice } from './slice.ts';
import type { TableCursor } from './table-delta.ts';
import { inTermsOf, type TableRef } from './table-ref.ts';
import { callOnce, withRetries } from './unary.ts';

/** Of `Table.lastChanges`. */
export interface LastChangesOptions extends CallOptions {
  /** Changes up to there only; of shards that it lacks, up to now. */
  readonly at?: TableCursor | undefined;
}

/** The push that a row was changed by. */
export interface ChangingPush {
  /** In the shard's log. */
  readonly seq: number;
  readonly client: string;
  /** The shard's clock (Unix ms) when it took the push. */
  readonly clockMs: number;
  /** Wall clock (Unix ms) of the oldest behaviour behind it; 0: unknown. */
  readonly originTimeMs: number;
  /** What it was computed from; empty where it did not say. */
  readonly sources: readonly {
    readonly group: string;
    readonly partition: number;
    readonly generation: number;
    readonly from: number;
    readonly to: number;
  }[];
}

/** What changed a row last, or why that cannot be told. `gradient`, f32 [dim], is as it was pushed, before the optimizer. */
export type LastChange = { readonly shard: string } & (
  | { readonly kind: 'push'; readonly push: ChangingPush; readonly gradient: Float32Array }
  /** It expired or was evicted. */
  | { readonly kind: 'removed'; readonly seq: number }
  /** Never, since the table was made. */
  | { readonly kind: 'none' }
  /** Before `searchedFrom`, where the kept log (or what is read of it) begins; or never. */
  | { readonly kind: 'older'; readonly searchedFrom: number }
  /** The shard's log does not have the position asked for. */
  | { readonly kind: 'lost' }
);

/** In the order of keys. @throws WeirError what a shard refuses for good, or the scope's end. */
export async function lastChanges(
  router: Router,
  table: TableRef,
  keys: PackedKeys,
  at: TableCursor | undefined,
  scope: CallScope,
): Promise<LastChange[]> {
  const all = new Array<LastChange>(keyCount(keys));
  await Promise.all(
    slice(keys, router.current).map(async (part) => {
      const { shard, response } = await ask(router, table, part, at, scope);
      const pushes = new Map(response.pushes.map((push) => [push.seq, push]));
      for (let i = 0; i < keyCount(part.keys); i++) {
        const change = response.lost ? undefined : response.changes[i];
        all[part.positions?.[i] ?? i] = lastChange(shard, change, response, pushes);
      }
    }),
  );
  return all;
}

async function ask(
  router: Router,
  table: TableRef,
  part: Slice,
  at: TableCursor | undefined,
  scope: CallScope,
) {
  const { connection } = router.shards[part.shard]!;
  const { id: shard, channels, name } = connection;
  const position = at?.shards[shard];
  const request = {
    tableUid: table.uid,
    keys: bytesOf(part.keys),
    logIncarnation: position?.logIncarnation ?? '',
    seq: position?.seq ?? 0,
  };
  const attempt = (): Promise<LastChangesResponse> => {
    const { client } = connection;
    return callOnce(client.lastChanges.bind(client), request, channels.metadata, scope, name);
  };
  try {
    const response = await withRetries(scope, name, attempt, () => connection.unreachable());
    return { shard, response };
  } catch (thrown) {
    throw inTermsOf(WeirError.from(thrown), [table], shard);
  }
}

function lastChange(
  shard: string,
  change: RowChange | undefined,
  { searchedFrom }: LastChangesResponse,
  pushes: ReadonlyMap<number, ChangingPush>,
): LastChange {
  switch (change?.kind) {
    case undefined:
      return { shard, kind: 'lost' };
    case ChangeKind.PUSH:
      return {
        shard,
        kind: 'push',
        push: pushes.get(change.seq)!,
        gradient: floatsFromBytes(change.gradient),
      };
    case ChangeKind.REMOVED:
      return { shard, kind: 'removed', seq: change.seq };
    case ChangeKind.NONE:
      return { shard, kind: 'none' };
    default:
      return { shard, kind: 'older', searchedFrom };
  }
}
