// What a subscriber receives, and where it stands. Pure.
import {
  floatsFromBytes,
  keysFromBytes,
  type PackedKeys,
  type SpanContext,
  traceParentOfBytes,
  unpackKeys,
  WeirError,
} from '@weir/proto';
import type { Cursor, Delta, TracedChange } from '@weir/proto/v1/parameter_server';

/** Where a subscriber stands in every shard's log. Plain data: it may be kept as JSON. */
export interface TableCursor {
  readonly tableUid: string;
  /** By shard id; absent: nothing complete from that shard yet. */
  readonly shards: Readonly<Record<string, { readonly logIncarnation: string; readonly seq: number }>>;
}

/** Rows that a sampled push changed. */
export interface TracedKeys {
  /** Of the span that sent the delta. */
  readonly context: SpanContext;
  readonly packedKeys: PackedKeys;
}

/**
 * Current values of rows that changed in one shard. To keep a replica equal: at `snapshotStart` begin the shard's
 * rows anew; its snapshot is whole with the first message that has `upTo`, and keys absent from it are gone.
 */
export class TableDelta {
  readonly shard: string;
  readonly packedKeys: PackedKeys;
  /** Keys x dim. */
  readonly weights: Float32Array;
  readonly packedTombstones: PackedKeys;
  /** Belongs to a snapshot; `snapshotStart`: is its first message. */
  readonly snapshot: boolean;
  readonly snapshotStart: boolean;
  /** Set only when every row of the shard changed up to `seq` has been delivered. */
  readonly upTo: { readonly shard: string; readonly seq: number } | undefined;
  /** Wall clock (Unix ms) of the oldest behaviour behind these changes; 0: unknown. */
  readonly originTimeMs: number;
  /** Changes by sampled pushes among these, for who traces their use. */
  readonly traced: readonly TracedKeys[];
  /** Where the subscriber stands, over all shards, once it has applied this delta. */
  readonly cursor: TableCursor;

  constructor(shard: string, delta: Delta, cursor: TableCursor) {
    this.shard = shard;
    this.packedKeys = keysFromBytes(delta.keys);
    this.weights = floatsFromBytes(delta.weights);
    this.packedTombstones = keysFromBytes(delta.tombstones);
    this.snapshot = delta.snapshot;
    this.snapshotStart = delta.snapshotStart;
    this.upTo = delta.upTo === undefined ? undefined : { shard, seq: delta.upTo.seq };
    this.originTimeMs = delta.originTimeMs;
    this.traced = delta.traced.length === 0 ? NONE : delta.traced.flatMap(tracedKeys);
    this.cursor = cursor;
  }

  /** A copy of `packedKeys`. */
  get keys(): BigUint64Array {
    return unpackKeys(this.packedKeys);
  }

  /** Keys of rows that are gone; a copy of `packedTombstones`. */
  get tombstones(): BigUint64Array {
    return unpackKeys(this.packedTombstones);
  }
}

const NONE: readonly TracedKeys[] = [];

function tracedKeys({ traceParent, keys }: TracedChange): TracedKeys[] {
  const context = traceParentOfBytes(traceParent);
  return context === undefined ? [] : [{ context, packedKeys: keysFromBytes(keys) }];
}

/** The cursor after a shard's `up_to`. */
export function advanced(cursor: TableCursor, upTo: Cursor | undefined, shard: string): TableCursor {
  if (upTo === undefined) return cursor;
  const { logIncarnation, seq } = upTo;
  return { ...cursor, shards: { ...cursor.shards, [shard]: { logIncarnation, seq } } };
}

/** What one shard is told of the cursor. */
export function cursorOf(cursor: TableCursor, shard: string): Cursor | undefined {
  const known = cursor.shards[shard];
  return known && { tableUid: cursor.tableUid, shard, ...known };
}

/** @throws WeirError INVALID_ARGUMENT when the cursor is of another table, or of one dropped since. */
export function requireCursorOf(cursor: TableCursor, table: { name: string; uid: string }): void {
  if (cursor.tableUid === table.uid) return;
  throw new WeirError(
    'INVALID_ARGUMENT',
    `the cursor is of table uid ${cursor.tableUid}, not of ${table.name} (uid ${table.uid}); start without one`,
    { table: table.name },
  );
}
