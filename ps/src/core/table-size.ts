// What a table needs: shards, memory and disk, from the layout of rows, index and pages, and from what a shard's process
// takes without rows. Pure. The constants of a process are measured; a test compares the estimate with a real shard.
import type { OptimizerKind } from '@weir/proto/v1/tables';
import { TableSpec } from '@weir/proto/v1/tables';
import { layoutOf, STRIPE_COUNT } from '../kernel/layout.ts';
import { createOptimizer } from '../kernel/optimizers.ts';
import { ROWS_OVER_MAX } from '../limits.ts';
import { SHARDS_MAX } from './limits.ts';
import { LogPace } from './log-pace.ts';

const MIB = 1024 * 1024;
/** A process of a shard without rows, at rest: Node.js, its heap, the store's library. */
const PROCESS_BYTES = 150 * MIB;
/** What pushes leave behind at rest: buffers of the store and of gRPC. */
const REST_BYTES = 50 * MIB;
/** What many clients' pushes and answers take at most, and the store's buffers for pages. */
const TRAFFIC_BYTES = 384 * MIB;
/** Of the index of a stripe: segments of 1,024 entries of 8 bytes, divided when filled to 700 on average. */
const SEGMENT_BYTES = 8256;
const SEGMENT_ROWS_MAX = 700;
/** A stripe's memory ends at 4 GiB, and growth leaves some free. */
const STRIPE_BYTES_MAX = 4032 * MIB;
/** Stripes differ by chance, and groups of a hash ring by more. */
const UNEVEN = 1.1;
/**
 * Of a table with rows on disk: what the store has in memory of each of its rows, and the file around the row; stored rows
 * that were written anew stay until the store has merged them. Measured at dimension 16.
 */
const STORED_ROW_BYTES = 1.4;
const AROUND_STORED_ROW_BYTES = 30;
const ROWS_ON_DISK = 1.5;
/** Files of pages take up to twice what counts in them, and a round writes the changed ones beside that. */
const PAGES_ON_DISK = 3;

export interface SizeQuestion {
  readonly rows: number;
  readonly dim: number;
  readonly optimizer: OptimizerKind;
  /** Rows that each shard keeps in memory, the others on disk; 0 or undefined: all. */
  readonly memoryRowsMax?: number | undefined;
  /** Undefined: as few as `memoryBytesPerShard` allows. */
  readonly shards: number | undefined;
  readonly memoryBytesPerShard: number;
  /** The shards' setting. */
  readonly logReplayMax: number;
}

export interface TableSize {
  readonly shards: number;
  /** Of one row: key, seq, weights, state. */
  readonly rowBytes: number;
  /** Of each shard: rows and index in memory; all of the process at rest, and under pushes. */
  readonly tableBytes: number;
  readonly restBytes: number;
  readonly peakBytes: number;
  readonly diskBytes: number;
  /** Whether that many shards hold the rows at all. */
  readonly fits: boolean;
}

export function sizeOf(question: SizeQuestion): TableSize {
  if (question.shards !== undefined) return sizeWith(question, question.shards);
  for (let shards = 1; shards < SHARDS_MAX; shards++) {
    const size = sizeWith(question, shards);
    if (size.fits) return size;
  }
  return sizeWith(question, SHARDS_MAX);
}

function sizeWith(question: SizeQuestion, shards: number): TableSize {
  const { rows, dim, optimizer, memoryRowsMax = 0, memoryBytesPerShard, logReplayMax } = question;
  const { stateSlots } = createOptimizer(specOf(dim, optimizer));
  const { stride, chunkShift, pageShift } = layoutOf(dim, stateSlots);
  const rowBytes = 4 * stride;
  const shardRows = Math.ceil((rows / shards) * (shards > 1 ? UNEVEN : 1));
  const spills = memoryRowsMax > 0;
  const memoryRows = spills ? Math.min(shardRows, memoryRowsMax + ROWS_OVER_MAX) : shardRows;
  const stripeRows = Math.ceil(memoryRows / STRIPE_COUNT);
  // A bit a row says which places are taken.
  const chunkBytes = (rowBytes + 1 / 8) * 2 ** chunkShift;
  const slabBytes = Math.ceil(stripeRows / 2 ** chunkShift) * chunkBytes;
  const segments = 2 ** Math.max(0, Math.ceil(Math.log2(stripeRows / SEGMENT_ROWS_MAX)));
  const stripeBytes = slabBytes + segments * (SEGMENT_BYTES + 4);
  const tableBytes = Math.ceil(STRIPE_COUNT * stripeBytes);
  const storedBytes = spills ? Math.ceil(shardRows * STORED_ROW_BYTES) : 0;
  const restBytes = PROCESS_BYTES + REST_BYTES + tableBytes + storedBytes;
  // The log stands in the store's memory until a round has passed it; during a round it grows on.
  const pace = new LogPace(logReplayMax);
  const logBytes = pace.bytesAllowed(pace.dueAt(tableBytes), 1 / 2);
  const peakBytes = Math.ceil(restBytes + TRAFFIC_BYTES + logBytes);
  const pages = Math.ceil(shardRows / 2 ** pageShift) * 2 ** pageShift * rowBytes;
  const stored = shardRows * (rowBytes + AROUND_STORED_ROW_BYTES);
  const diskBytes = Math.ceil((spills ? ROWS_ON_DISK * stored : PAGES_ON_DISK * pages) + 2 * logReplayMax);
  const fits = peakBytes <= memoryBytesPerShard && UNEVEN * stripeBytes <= STRIPE_BYTES_MAX;
  return { shards, rowBytes, tableBytes, restBytes, peakBytes, diskBytes, fits };
}

/** The optimizer's parameters do not change how much state a row has. */
function specOf(dim: number, kind: OptimizerKind): TableSpec {
  const none = { learningRate: 0, initialAccumulator: 0, beta1: 0, beta2: 0, epsilon: 0, ftrlBeta: 0 };
  const optimizer = { ...none, l1: 0, l2: 0, momentum: 0, kind };
  return { ...TableSpec.decode(new Uint8Array(0)), dim, optimizer };
}
