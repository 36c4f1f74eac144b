// Partitioned logs as their users see them: the same for the embedded server, over gRPC or in the same process, and
// for engines that are still to come. Errors are WeirErrors.

/** Either data (`value`) or, with `progressTimeMs`, a progress record: nothing below that event time follows. */
export interface AppendRecord {
  readonly value?: Uint8Array;
  /** Trace context and the like. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly progressTimeMs?: number;
}

/** A record as it is read. */
export interface StreamRecord {
  readonly offset: number;
  /** Empty in a progress record. */
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** Set in progress records only. */
  readonly progressTimeMs: number | undefined;
  /** Wall clock of the server at the append, Unix ms. */
  readonly appendTimeMs: number;
}

/** Records of one partition, in the order of their offsets. */
export interface ReadBatch {
  /** At least one; offsets are contiguous over the batches of an iteration. */
  readonly records: StreamRecord[];
  /** Durable end of the partition when the batch was sent: at `endOffset - 1` the reader has caught up. */
  readonly endOffset: number;
  /** Store it beside an applied offset: under another incarnation that offset means other records. */
  readonly incarnation: string;
}

/** Last argument of every call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** For all attempts together; default CALL_TIMEOUT_MS (30 s). */
  readonly timeoutMs?: number;
}

/** Identity of an idempotent append: (stage, input partition) and the generation of its group. */
export interface Producer {
  readonly id: string;
  readonly epoch: number;
}

/** Of `append`. */
export interface AppendOptions extends CallOptions {
  /** `firstSequence` numbers the first record; sequences count from 1 per producer and partition. */
  readonly producer?: Producer & { readonly firstSequence: number };
}

/** What an append that is durable resolves with. */
export interface AppendResult {
  /** Offset after the last record of the append; of a repeated append: the partition's end. */
  readonly endOffset: number;
  /** Records dropped because their sequence was known. */
  readonly duplicates: number;
}

/** Of `read`. */
export interface ReadOptions {
  readonly offset: number;
  /** Wait for what follows instead of ending at the partition's end. */
  readonly follow?: boolean;
  /** The incarnation that `offset` was learnt under. */
  readonly incarnation?: string;
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal;
}

/** What a partition holds: offsets from `startOffset` to below `endOffset`. */
export interface PartitionEnd {
  readonly partition: number;
  /** First offset that is not trimmed away. */
  readonly startOffset: number;
  /** Durable end: the offset that the next record gets. */
  readonly endOffset: number;
  readonly incarnation: string;
}

/** How far a group is in one partition. */
export interface GroupOffset {
  readonly partition: number;
  /** Next offset to read. */
  readonly offset: number;
  /** Event time below which the group is done in this partition. */
  readonly timeMs: number;
}

/**
 * Partitioned logs. Errors are WeirErrors; beside those named here every call ends with DEADLINE_EXCEEDED when the server is not
 * there in time, and with CANCELLED.
 */
export interface StreamsClient {
  /** Idempotent. SCHEMA_MISMATCH when the stream has another number of partitions. */
  create(stream: string, partitions: number, options?: CallOptions): Promise<void>;
  /** Number of partitions. STREAM_NOT_FOUND. */
  partitions(stream: string, options?: CallOptions): Promise<number>;
  /**
   * Resolves once the records are durable. Records of one call stay together and in order, calls of one client to
   * one partition keep their order.
   * With a producer, exactly once: records whose sequence is known are acknowledged and dropped; FENCED under an
   * epoch lower than the stream has seen; SEQUENCE_GAP when a sequence was left out. Without one, at least once.
   */
  append(
    stream: string,
    partition: number,
    records: readonly AppendRecord[],
    options?: AppendOptions,
  ): Promise<AppendResult>;
  /**
   * Records from an offset on, in batches; only what is durable. Survives a restart of the server: goes on at its
   * next offset. Reading slowly slows the server's sending, not its memory.
   * OFFSET_OUT_OF_RANGE below the trimmed start or beyond the end; with an `incarnation`, SOURCE_LOST beyond the end
   * or when the partition has another one.
   */
  read(stream: string, partition: number, options: ReadOptions): AsyncIterable<ReadBatch>;
  /** Of every partition, in order. */
  endOffsets(stream: string, options?: CallOptions): Promise<PartitionEnd[]>;
  /** Says how far a group is; what is below may be trimmed by `weir streams --trim`. */
  commitOffsets(
    group: string,
    stream: string,
    offsets: readonly GroupOffset[],
    options?: CallOptions,
  ): Promise<void>;
  /** What was committed, in order of partitions; empty for a new group. */
  groupOffsets(group: string, stream: string, options?: CallOptions): Promise<GroupOffset[]>;
  /**
   * Raises the producer's epoch in a partition, so that appends under lower ones are FENCED, and returns the last
   * sequence there (0: none). FENCED if the partition has seen a higher epoch.
   */
  fence(
    stream: string,
    partition: number,
    producer: Producer,
    options?: CallOptions,
  ): Promise<{ readonly lastSequence: number }>;
  /** Removes the records below an offset; a lower one than before changes nothing. */
  trim(stream: string, partition: number, offset: number, options?: CallOptions): Promise<void>;
  /** Ends reads with CANCELLED and waits for nothing. */
  close(): Promise<void>;
}

/** Progress time that closes everything: the largest time that a Date holds. */
export const END_OF_INPUT_MS = 8_640_000_000_000_000;
