// The row kernel's interface: rows of one table in memory. Whatever implements it (plain TypeScript in this
// folder, WebAssembly in kernel-wasm/) computes in f32 with one rounding per operation, so that all agree bit for bit.
//
// What always holds: a row never moves; a row is read and written as one; pulls create nothing; calls are
// synchronous, so nobody sees half a push. Key checks, ownership and finite values are the caller's business
// (core/validate-push.ts).
import type { PackedKeys } from '@weir/proto';
import type { TableSpec } from '@weir/proto/v1/tables';

/** A page's place: `page` counts from 0 within `stripe`. Pages never vanish; one without rows is a page too. */
export interface PageId {
  readonly stripe: number;
  readonly page: number;
}

/** Where a scan goes on; opaque to callers. */
export interface ChangePosition {
  readonly stripe: number;
  readonly page: number;
  /** Row within the page. */
  readonly row: number;
}

export interface Changes {
  readonly keys: PackedKeys;
  /** keys x dim, current values. */
  readonly weights: Float32Array;
  /** Undefined when the scan is through. May be set although fewer than `rowsMax` rows, even none, came. */
  readonly next: ChangePosition | undefined;
}

export interface Stale {
  readonly keys: PackedKeys;
  /** As of Changes. */
  readonly next: ChangePosition | undefined;
}

/** Memory that pages will be loaded into: zeros, which whoever wants may touch ahead, since its first use is slow. */
export interface ExpectedPages {
  readonly memory: Uint8Array;
  /** Loading pages up to this one writes no memory behind this byte. */
  endOf(page: number): number;
}

export interface RowTable {
  readonly spec: TableSpec;
  /** f32 numbers of optimizer state per row. */
  readonly stateSlots: number;
  readonly rows: number;
  /** Memory taken from the system for rows and index. */
  readonly bytes: number;
  /** Of each stripe: its pages are numbered from 0 to below this. Never fewer later. */
  readonly pageCounts: readonly number[];
  /** Highest seq applied or loaded; 0 for none. */
  readonly seq: number;

  /**
   * Writes keys x dim weights to `out` from `outOffset` on (in floats). An unknown key gives its initial value and makes no
   * row.
   */
  pull(keys: PackedKeys, out: Float32Array, outOffset?: number): void;

  /**
   * Applies one log record's part for this table: `values` is keys x dim, finite. A key that comes twice is two
   * updates in order; an unknown key makes a row. `goesOn`: more of the record that the call before applied in part;
   * pages must not be read in between. Precondition: otherwise `seq` is above `this.seq` (asserted).
   */
  push(keys: PackedKeys, values: Float32Array, seq: number, goesOn?: boolean): void;

  /**
   * As `push`, after pages were loaded: updates only rows whose seq, as loaded, is below `seq`, and makes rows
   * that are absent. Returns the number of updates applied. Preconditions: records come in log order, one call a
   * record (asserted: `seq` rises from call to call).
   */
  replay(keys: PackedKeys, values: Float32Array, seq: number): number;

  /**
   * Frees the rows of these keys whose seq is at most `upToSeq` (below `seq`; default: all below), and passes over the
   * others and keys without a row. Returns how many. One log record, as of `push` or `replay`: the same call serves
   * both, with the latter's precondition.
   */
  remove(keys: PackedKeys, seq: number, upToSeq?: number): number;

  /**
   * How many rows a push of these keys would make; a key that comes twice may count twice.
   * @param flags becomes 1 at each key without a row, 0 at the others.
   */
  absent(keys: PackedKeys, flags?: Uint8Array): number;

  /** Share in use of the memory that rows and index may take, of the fullest stripe; at 1 a new row has no place. */
  readonly fullness: number;

  /**
   * Whether there is room for so many more rows, whatever their keys, beside what else needs memory. For whoever asks before
   * a record is logged: `push`, `replay` and `insert` use memory to its end, and throw TABLE_FULL only there.
   */
  room(newRows: number): boolean;

  /** Another definition for the same rows: the optimizer's parameters, clip, cap and bounds may differ (asserted). */
  reconfigure(spec: TableSpec): void;

  /** Pages with a row that was changed or removed with seq > `sinceSeq`, in slab order. */
  pages(sinceSeq: number): Iterable<PageId>;

  /** The page as bytes of its own, with header and checksum; see page.ts for the format. */
  readPage(id: PageId): Uint8Array;

  /** The seq of each of the page's places, from its first on; 0 where there is no row. */
  rowSeqs(id: PageId): Float64Array;

  /**
   * Takes memory for the first `pages` pages of a stripe that has none yet, before they are loaded. Undefined: there is
   * none to show, and pages are loaded all the same.
   */
  expectPages(stripe: number, pages: number): ExpectedPages | undefined;

  /**
   * Takes a page back, before any push or replay, pages in any order. A key that stands in two pages, since it was
   * removed and made again, and only one of them was stored after that, keeps its newer row.
   * @throws WeirError CORRUPT, naming page and reason; CONFIGURATION for a newer format.
   */
  loadPage(page: Uint8Array): void;

  /**
   * Current values of at most `rowsMax` rows with seq > `sinceSeq`, resumable, in slab order. One call looks at a
   * bounded number of rows, so go on until `next` is undefined. Rows pushed meanwhile may or may not be part of it:
   * a scan begun at `table.seq = P` has, when it is through, every row that changed in (sinceSeq, P].
   */
  changes(sinceSeq: number, from: ChangePosition | undefined, rowsMax: number): Changes;

  /**
   * Keys of at most `rowsMax` rows with seq <= `upToSeq`: not updated since. Resumable and bounded like `changes`;
   * rows removed or updated meanwhile may or may not be part of it.
   */
  stale(upToSeq: number, from: ChangePosition | undefined, rowsMax: number): Stale;

  /** Words of a row's image: key, seq, weights, optimizer state, as they stand in a page. */
  readonly imageWords: number;

  /** Those of the keys that have no row, each time they come. */
  missing(keys: PackedKeys): PackedKeys;

  /**
   * The images of these keys' rows, in order; zeros, and so seq 0, for a key that has none. @param memory where they
   * are to stand, large enough.
   */
  imagesOf(keys: PackedKeys, memory?: ArrayBuffer): Uint32Array;

  /** Makes the rows of these images, but for keys that have one. Returns how many. @throws WeirError TABLE_FULL. */
  insert(images: Uint32Array): number;

  /** Frees the rows that still have the seq of these images, and leaves no trace of it. Returns how many. */
  release(images: Uint32Array): number;

  /**
   * Keys of at most `rowsMax` rows that were neither pulled nor updated since the call looked at them last, in turns over
   * the rows of each stripe (CLOCK), of the fullest stripes first. One call looks at a bounded number; with `memoryRowsMax`
   * in the definition only.
   */
  unused(rowsMax: number): PackedKeys;
}
