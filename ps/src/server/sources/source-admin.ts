// Sources are acquired and reset by records of the push log, in one order with the pushes: what acquire tells is how far
// they are applied at its own position, and behind that no push of an earlier generation is taken.
import { WeirError } from '@weir/proto';
import type {
  AcquireSourcesRequest,
  AcquireSourcesResponse,
  DescribeSourcesResponse,
  ResetSourcesRequest,
  ResetSourcesResponse,
} from '@weir/proto/v1/sources';
import type { Store } from '@weir/store';
import { requireName } from '../../core/checked-name.ts';
import { encodeLogRecord } from '../../core/log-record.ts';
import type { SourceChanges, SourceOffsets } from '../../core/source-offsets.ts';
import { requireStarts } from '../../core/source-ranges.ts';
import type { Durability } from '../log/log-sink.ts';
import type { PushLog } from '../log/push-log.ts';
import { markAcquired, unmarkAcquired } from './acquired-marks.ts';

export interface SourceAdminParts {
  readonly shard: string;
  readonly sources: SourceOffsets;
  readonly log: PushLog;
  readonly store: Store;
  readonly durability: Durability;
}

export class SourceAdmin {
  readonly #parts: SourceAdminParts;
  /** Marks are written in the order of the records that they are about. */
  #marking: Promise<void> = Promise.resolve();

  constructor(parts: SourceAdminParts) {
    this.#parts = parts;
  }

  /** @throws WeirError FENCED, SOURCE_LOST, INVALID_ARGUMENT: nothing is acquired. STORAGE_FAILED, UNAVAILABLE. */
  async acquire(request: AcquireSourcesRequest): Promise<AcquireSourcesResponse> {
    const { group, generation, partitions } = request;
    requireStarts(group, generation, partitions);
    if (partitions.length === 0) return { partitions: [] };
    const { sources, store, durability } = this.#parts;
    const changes = sources.acquiring(group, generation, partitions);
    const acquired = changes.map(({ slot, after }) => ({ group, partition: slot.partition, ...after! }));
    const encode = (seq: number) => encodeLogRecord({ kind: 'acquire', seq, group, generation, partitions });
    const mark = durability === 'memory' ? () => markAcquired(store, acquired) : undefined;
    await this.#logged(changes, encode, mark);
    return { partitions: acquired };
  }

  /** @throws WeirError INVALID_ARGUMENT. */
  describe(group: string): DescribeSourcesResponse {
    requireName(group, 'a source group');
    const { shard, sources } = this.#parts;
    return { shard, partitions: sources.of(group) };
  }

  /** @throws WeirError INVALID_ARGUMENT, STORAGE_FAILED, UNAVAILABLE. */
  async reset({ group, partitions: asked }: ResetSourcesRequest): Promise<ResetSourcesResponse> {
    requireName(group, 'a source group');
    const { sources, store } = this.#parts;
    const changes = sources.resetting(group, asked.length === 0 ? 'all' : asked);
    const forgotten = changes.map(({ slot, before }) => ({ group, partition: slot.partition, ...before! }));
    if (forgotten.length === 0) return { partitions: [] };
    const partitions = forgotten.map(({ partition }) => partition);
    const encode = (seq: number) => encodeLogRecord({ kind: 'reset', seq, group, partitions });
    // Also where offsets are in the log: the folder may have been one without it.
    await this.#logged(changes, encode, () => unmarkAcquired(store, forgotten));
    return { partitions: forgotten };
  }

  /** Resolves when the record is durable and applied, and what it marks is marked. */
  #logged(
    changes: SourceChanges,
    encode: (seq: number) => Uint8Array,
    mark: (() => Promise<void>) | undefined,
  ): Promise<void> {
    const { sources, log } = this.#parts;
    return new Promise((resolve, reject) => {
      sources.place(changes);
      log.submit({
        bytes: 0,
        encode,
        apply: () => {
          sources.logged(changes);
          resolve(mark === undefined ? undefined : this.#marked(mark));
        },
        refuse: (error) => {
          sources.withdraw(changes);
          reject(error);
        },
      });
    });
  }

  #marked(mark: () => Promise<void>): Promise<void> {
    const marked = this.#marking.then(mark).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `the shard's disk refuses what was acquired or reset: ${why}; try again`;
      throw new WeirError('STORAGE_FAILED', message, { cause });
    });
    this.#marking = marked.catch(() => undefined);
    return marked;
  }
}
